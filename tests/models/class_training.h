// Trains a tiny network on two exclusive classes, on any device, with voxels of an ignored label.
#pragma once

#include <algorithm>

#include "engine/rng.h"
#include "models/training_step.h"
#include "tests/support/catch.h"

namespace revunet::test {

inline constexpr int64_t kClassEdge = 8;
inline constexpr uint8_t kIgnoredLabel = 255;

inline UNetConfig two_class_network() {
  return {.channels = {4, 8}, .out_channels = 2};
}

inline StepOptions two_class_options(DType activations) {
  LabelTable labels = table_of_classes(2);
  labels.ignored = kIgnoredLabel;
  return {.labels = labels, .activations = activations, .extras = {.cross_entropy = 1, .exclusive_classes = true}};
}

// Class 1 is where the first channel is high. A quarter of the voxels is ignored. Their first channel says nothing.
struct TwoClassVolume {
  std::vector<float> image;
  std::vector<uint8_t> labels;

  TwoClassVolume() {
    Rng rng(6, 1);
    for (int64_t v = 0; v < kClassEdge * kClassEdge * kClassEdge; ++v) {
      const bool high = rng.uniform() < 0.3;
      labels.push_back(rng.uniform() < 0.25 ? kIgnoredLabel : high ? 1 : 0);
      image.push_back(high ? 1.0f : -1.0f);
      for (int c = 1; c < 4; ++c) image.push_back(static_cast<float>(0.1 * rng.normal()));
    }
  }
  HostSample sample() const { return {{kClassEdge, kClassEdge, kClassEdge}, image, labels}; }
};

// Trains, and returns the losses of each step.
inline std::vector<std::vector<double>> check_class_training(Device& device, DType activations, int steps) {
  const Context ctx{device};
  const auto model = make_unet(ctx, two_class_network(), compute_type(activations), 2);
  Adam adam({.learning_rate = 0.02, .weight_decay = 0});
  TrainingStep training(ctx, *model, adam, two_class_options(activations));
  TwoClassVolume volume;
  std::vector<std::vector<double>> losses;
  for (int i = 0; i < steps; ++i) losses.push_back(training.take(ctx, volume.sample(), {.sample = i}));

  // Before training, nothing is decided: the cross entropy is near log 2. After it, every counted voxel is right.
  CHECK(losses.front().size() == 2);
  CHECK(losses.front()[0] > 0.4);
  CHECK(losses.back()[0] < 0.1);
  CHECK(losses.back()[1] < 0.1);
  const auto logits = to_host_f64(
      model->forward(ctx, Variable(to_device(ctx, volume.sample(), two_class_network(), activations).image)).value);
  int64_t wrong = 0;
  for (size_t v = 0; v < volume.labels.size(); ++v) {
    const bool one = logits[2 * v + 1] > logits[2 * v];
    if (volume.labels[v] != kIgnoredLabel && one != (volume.labels[v] == 1)) ++wrong;
  }
  CHECK(wrong == 0);
  return losses;
}

// Without weight decay, a step whose voxels are all ignored has losses of 0 and changes no weight.
inline void check_ignored_sample(Device& device, DType activations) {
  const Context ctx{device};
  const auto model = make_unet(ctx, two_class_network(), compute_type(activations), 2);
  Adam adam({.learning_rate = 0.02, .weight_decay = 0});
  TrainingStep training(ctx, *model, adam, two_class_options(activations));
  TwoClassVolume volume;
  std::ranges::fill(volume.labels, kIgnoredLabel);
  std::vector<std::vector<double>> before;
  for (const auto& p : model->parameters()) before.push_back(to_host_f64(p->value));
  CHECK(training.take(ctx, volume.sample()) == std::vector<double>{0, 0});
  for (size_t i = 0; i < before.size(); ++i) CHECK(to_host_f64(model->parameters()[i]->value) == before[i]);
}

}  // namespace revunet::test
