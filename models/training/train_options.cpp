#include "models/training/train_options.h"

namespace revunet {

MemorySettings TrainOptions::memory(int64_t steps) const {
  return {.network = network,
          .mode = mode,
          .optimiser_step = optimiser_step,
          .extras = extras,
          .precision = precision,
          .layout = device.layout,
          .size = patch.value_or(size),
          .augmented = augmentation ? std::optional(size) : std::nullopt,
          .intensities = augmentation && augmentation->strong,
          .validation = validates() ? std::optional(size) : std::nullopt,
          .steps = steps};
}

}  // namespace revunet
