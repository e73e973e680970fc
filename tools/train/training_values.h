// These are kinds of values that only options of revunet-train have.
#pragma once

#include <optional>
#include <vector>

#include "io/task/resampling.h"
#include "models/halved_axes.h"
#include "tools/common/option_value.h"

namespace revunet::tools {

OptionValue halved_axes(std::vector<HalvedAxes>& value);  // "xy,xyz"
OptionValue interpolation(std::optional<io::Interpolation>& value);
// Sets the kind and the spacing: "auto", "none" or "1,1,2.5".
OptionValue spacing(io::Resampling& resampling);

}  // namespace revunet::tools
