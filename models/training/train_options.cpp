#include "models/training/train_options.h"

#include "engine/distributed/communicator.h"
#include "io/nifti/size_text.h"

namespace revunet {

namespace {

// Returns what patches are resampled from, by their size, where each case has a field of view of its own.
auto surroundings_of_patches(const TrainOptions& options) {
  return [ranges = *options.augmentation, field = options.size](const io::Size3& patch) -> io::VolumeSize {
    return io::smaller_of(size_around(patch, ranges), field);
  };
}

}  // namespace

io::VolumeSize TrainOptions::augmented_from() const {
  return own_fields && patch ? surroundings_of_patches(*this)(*patch) : size;
}

std::string TrainOptions::validated_patches() const {
  if (validate_by == ValidationPass::whole) return "";
  return fmt::format("patches of {}{}", io::size_as_given(seen_in_validation()),
                     own_fields ? " in each case's own field of view" : "");
}

MemorySettings TrainOptions::memory(int64_t steps) const {
  MemorySettings settings = {.network = network,
                             .mode = mode,
                             .optimiser_step = optimiser_step,
                             .extras = extras,
                             .processes = processes ? size_of(processes) : planned_processes,
                             .precision = precision,
                             .layout = device.layout,
                             .size = patch.value_or(size),
                             .augmented = augmentation ? std::optional(augmented_from()) : std::nullopt,
                             .intensities = augmentation && augmentation->strong,
                             .validation = validates() ? std::optional(seen_in_validation()) : std::nullopt,
                             .steps = steps,
                             .field = size};
  if (own_fields && augmentation) settings.augmented_from = surroundings_of_patches(*this);
  return settings;
}

}  // namespace revunet
