// This file loads the weights that a run begins with.
#pragma once

#include <filesystem>

#include "io/dataset/background.h"
#include "io/task/task.h"
#include "models/unet.h"

namespace revunet {

// Sets the model's parameters from a file of weights, and logs every name or tensor that was read differently from how
// it is written. Warns where the weights were trained on images with another background than this run's. A file that
// does not name its task is taken for one of this run's. Throws DataError as load_weights does, and for weights of
// another task.
void load_initial_weights(const std::filesystem::path& file, const io::Background& background,
                          const io::TaskPointer& task, UNet& model);

}  // namespace revunet
