#include "tools/train/training_values.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/text/parse_list.h"

namespace revunet::tools {

OptionValue halved_axes(std::vector<HalvedAxes>& value) {
  return {.kind = "WORDS",
          .set = [&value](const std::string& name, const std::string& text) { value = parse_halved(text, name); },
          .text = [&value] { return halved_text(value); }};
}

OptionValue interpolation(std::optional<io::Interpolation>& value) {
  std::vector<std::pair<std::string, std::optional<io::Interpolation>>> choices;
  for (const io::InterpolationName& row : io::kInterpolations) choices.emplace_back(row.name, row.interpolation);
  return choice(value, choices);
}

OptionValue spacing(io::Resampling& resampling) {
  using Kind = io::Resampling::Kind;
  const auto set = [&resampling](const std::string& name, const std::string& text) {
    resampling.kind = text == "auto" ? Kind::automatic : text == "none" ? Kind::as_is : Kind::given;
    resampling.spacing = {};
    if (resampling.kind != Kind::given) return;
    const std::vector<double> mm = io::parse_numbers(text, name);
    REVUNET_EXPECTS(mm.size() == resampling.spacing.size() && std::ranges::all_of(mm, io::is_spacing), UsageError,
                    "[{}] expected auto, none, or three spacings in mm above 0 and at most {}, such as 1,1,1, got {}",
                    name, io::kMostSpacing, text);
    std::ranges::copy(mm, resampling.spacing.begin());
  };
  const auto text = [&resampling]() -> std::string {
    if (resampling.kind == Kind::given) return fmt::format("{}", fmt::join(resampling.spacing, ","));
    return resampling.kind == Kind::as_is ? "none" : "auto";
  };
  return {.kind = "X,Y,Z", .set = set, .text = text};
}

}  // namespace revunet::tools
