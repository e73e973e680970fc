// These options of revunet-train say how training samples are changed at random.
#pragma once

#include <vector>

#include "tools/train/train_settings.h"

namespace revunet::tools {

// settings outlives the options.
std::vector<Option> augmentation_options(TrainSettings& settings);

}  // namespace revunet::tools
