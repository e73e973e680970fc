#include "tools/train/choose_option.h"

#include <fmt/format.h>

namespace revunet::tools {

void choose_option(OptionTable& options, TrainSettings& settings, const std::string& name, const std::string& value,
                   const std::string& reason) {
  if (!options.is_open(name)) return;
  options.take_default(name, value);
  settings.choices.push_back(fmt::format("`{}` {}: {}", name, value, reason));
}

}  // namespace revunet::tools
