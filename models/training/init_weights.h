// The weights that a run begins with, from a file.
#pragma once

#include <filesystem>

#include "io/dataset/background.h"
#include "models/unet.h"

namespace revunet {

// Sets the model's parameters from a file of weights, and logs what was read in another way than it is written. Warns
// where the weights were trained on images with another background than this run's. DataError as load_weights.
void load_initial_weights(const std::filesystem::path& file, const io::Background& background, UNet& model);

}  // namespace revunet
