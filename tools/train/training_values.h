// These are kinds of values that only options of revunet-train have.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/task/resampling.h"
#include "models/halved_axes.h"
#include "tools/common/option_value.h"

namespace revunet::tools {

OptionValue halved_axes(std::vector<HalvedAxes>& value);  // "xy,xyz"
OptionValue interpolation(std::optional<io::Interpolation>& value);
// Sets the kind and the spacing: "auto", "none" or "1,1,2.5".
OptionValue spacing(io::Resampling& resampling);

// auto leaves the mode open.
template <class Mode>
OptionValue mode(std::optional<Mode>& value, std::initializer_list<Mode> modes) {
  std::vector<std::pair<std::string, std::optional<Mode>>> choices = {{"auto", std::nullopt}};
  for (const Mode m : modes) choices.emplace_back(name_of(m), m);
  return choice(value, choices);
}

}  // namespace revunet::tools
