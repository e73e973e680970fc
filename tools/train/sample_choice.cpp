#include "tools/train/sample_choice.h"

#include <algorithm>
#include <cmath>

#include "engine/process/host_memory.h"
#include "io/nifti/size_text.h"
#include "models/inference/field_of_view.h"
#include "tools/train/choose_option.h"

namespace revunet::tools {

namespace {

// This number of samples is that of the run on the Decathlon's hippocampus in docs/own-dataset.md.
constexpr double kSamples = 5000;         // of a whole training, each of a median case
constexpr double kMostSamples = 250'000;  // as many steps as nnU-Net's training has
constexpr int64_t kFewestEpochs = 10, kMostDefaultEpochs = 1000;
constexpr double kDeformation = 10.0 / 160;  // share of the shorter axis of the plane: the paper has 10 voxels of 160
// A training step takes about as long as so many predictions of its sample: forward, the same again to rebuild
// activations, and the gradients of inputs and of weights.
constexpr double kPassesOfStep = 4;

// Returns voxels, to one decimal.
double deformation_of(const AugmentationRanges& ranges, const io::Size3& sample) {
  const auto [u, v] = plane_axes(ranges.plane_normal);
  return std::nearbyint(10 * kDeformation * static_cast<double>(std::min(sample[u], sample[v]))) / 10;
}

// A case's own field of view may not be of a size that the network takes, and validation as a whole would need one.
bool takes_field_of_case(const OptionTable& options, const TrainSettings& s) {
  return options.is_open("field") && s.modes.validation != ValidationPass::whole;
}

// Returns the run as it would be with this patch.
TrainOptions with_patch(const OptionTable& options, const TrainSettings& s, const io::Size3& patch) {
  TrainOptions run = s.run;
  run.patch = patch;
  run.own_fields = run.own_fields || takes_field_of_case(options, s);
  run.validate_by = validation_of(run, s.modes);
  run.augmentation = s.augmentation();
  if (run.augmentation && options.is_open("deformation")) {
    run.augmentation->deformation = deformation_of(s.ranges, patch);
  }
  return run;
}

void choose_patch(OptionTable& options, TrainSettings& s) {
  if (!s.memory_budget || !options.is_open("patch")) return;
  const auto fits = [&](const io::Size3& patch) {
    return fastest_that_fits(with_patch(options, s, patch).memory(), s.modes, *s.memory_budget).has_value();
  };
  const std::vector<io::Size3> patches =
      shrinking_patches(s.run.size, s.facts->median_extent, s.run.network.size_multiple());
  // Each patch lies within the one before, and its tensors take no more memory.
  const auto largest = std::ranges::partition_point(patches, [&](const io::Size3& patch) { return !fits(patch); });
  if (largest == patches.begin() || largest == patches.end()) return;
  choose_option(options, s, "patch", io::size_as_given(*largest),
                fmt::format("the largest that fits into a `memory-budget` of {:.1f} MiB, in proportion to the median "
                            "case, which has {} voxels",
                            mib(*s.memory_budget), io::size_as_given(s.facts->median_extent)));
}

void choose_epochs(OptionTable& options, TrainSettings& s) {
  const int64_t cases = s.facts->training;
  const int64_t epochs = default_epochs(s.facts->median_extent, s.run.size, s.run.patch.value_or(s.run.size), cases);
  choose_option(options, s, "epochs", std::to_string(epochs),
                fmt::format("{} samples in all, of {} training cases", epochs * cases, cases));
}

}  // namespace

std::vector<io::Size3> shrinking_patches(const io::Size3& size, const io::Size3& median, const io::Size3& multiple) {
  std::vector<io::Size3> patches = {size};
  while (true) {
    io::Size3 patch = patches.back();
    std::optional<size_t> chosen;
    // Compares a/b with c/d as ad with cb, which whole numbers do exactly.
    const auto has_larger_share = [&](size_t a, size_t b) { return patch[a] * median[b] > patch[b] * median[a]; };
    for (size_t axis = 0; axis < 3; ++axis) {
      const bool shrinks = patch[axis] - multiple[axis] >= kLeastCoarsest * multiple[axis];
      if (shrinks && (!chosen || has_larger_share(axis, *chosen))) chosen = axis;
    }
    if (!chosen) return patches;
    patch[*chosen] -= multiple[*chosen];
    patches.push_back(patch);
  }
}

int64_t default_epochs(const io::Size3& median, const io::Size3& size, const io::Size3& sample,
                       int64_t training_cases) {
  const double share =
      static_cast<double>(io::voxels_in(io::smaller_of(median, size))) / static_cast<double>(io::voxels_in(sample));
  const double samples = std::min(kMostSamples, kSamples * std::max(1.0, share));
  const auto epochs = static_cast<int64_t>(std::ceil(samples / static_cast<double>(training_cases)));
  return std::clamp(epochs, kFewestEpochs, kMostDefaultEpochs);
}

double epochs_of_validation(int64_t windows, int64_t validation_cases, int64_t training_cases) {
  return static_cast<double>(windows * validation_cases) / (kPassesOfStep * static_cast<double>(training_cases));
}

ValidationPass validation_of(const TrainOptions& run, const ModeChoice& modes) {
  const ValidationPass usual = run.own_fields ? ValidationPass::patches : ValidationPass::whole;
  return run.patch ? modes.validation.value_or(usual) : ValidationPass::whole;
}

void choose_samples(OptionTable& options, TrainSettings& s) {
  if (!s.facts) return;
  choose_patch(options, s);
  if (s.run.patch) {
    if (takes_field_of_case(options, s)) {
      choose_option(options, s, "field", "case", "patches and validation see none of what would only be padding");
    }
    if (s.run.foreground > 0)
      choose_option(options, s, "foreground-by", "region", "small regions are seen as often as large ones");
  }
  if (s.augment != Augmentation::none) {
    const double deformation = deformation_of(s.ranges, s.run.patch.value_or(s.run.size));
    choose_option(options, s, "deformation", fmt::format("{:.1f}", deformation),
                  "in proportion to what a sample shows");
  }
  choose_epochs(options, s);
}

void choose_validate_every(OptionTable& options, TrainSettings& s) {
  const TrainOptions& run = s.run;
  if (!s.facts || run.validate_by != ValidationPass::patches || s.facts->validation == 0) return;
  const io::Size3 &size = run.size, &patch = *run.patch;
  const io::Size3 field = run.own_fields ? io::smaller_of(io::larger_of(s.facts->median_extent, patch), size) : size;
  const int64_t windows = window_count(field, {.size = patch, .overlap = kDefaultOverlap});
  const double epochs = epochs_of_validation(windows, s.facts->validation, s.facts->training);
  if (epochs <= 1) return;
  choose_option(options, s, "validate-every",
                std::to_string(std::min(run.epochs, static_cast<int64_t>(std::ceil(epochs)))),
                fmt::format("validation takes {} patches of each of {} cases, and as long as {:.1f} epochs", windows,
                            s.facts->validation, epochs));
}

}  // namespace revunet::tools
