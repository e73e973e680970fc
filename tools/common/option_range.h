// Numbers of options, refused where they are beyond use. They become allocations, numbers of threads and bounds of
// loops, so each has a most as well as a least.
#pragma once

#include <cstdint>

#include "engine/error.h"

namespace revunet::tools {

inline constexpr int64_t kMostCounted = 1'000'000'000;  // steps, epochs, cases: their products do not overflow
inline constexpr double kMostVolume = 1e9;              // mm^3: a cube of a metre

// UsageError that names the option. NaN is in no range.
template <class Number>
void expect_range(const char* option, Number value, Number least, Number most) {
  REVUNET_EXPECTS(value >= least && value <= most, UsageError, "[{}] expected {} to {}, got {}", option, least, most,
                  value);
}

}  // namespace revunet::tools
