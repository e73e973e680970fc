// This file makes choices of the program visible: each is an option's value and a reason, which the run prints.
#pragma once

#include <string>

#include "tools/train/train_settings.h"

namespace revunet::tools {

// Sets an option that nobody has set, or that is auto, and adds the reason to settings.choices.
void choose_option(OptionTable& options, TrainSettings& settings, const std::string& name, const std::string& value,
                   const std::string& reason);

}  // namespace revunet::tools
