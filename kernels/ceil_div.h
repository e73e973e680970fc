// This is division of whole numbers that rounds up.
#pragma once

#include <cstdint>

namespace revunet {

// a is not negative, and b is positive.
constexpr int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace revunet
