#include "models/plan/plan.h"

#include <algorithm>

#include "io/dataset/regions.h"
#include "kernels/change_intensities/change_intensities.h"
#include "kernels/warp_planes/warp_planes.h"
#include "models/inference/whole_volume.h"

namespace revunet {

namespace {

Tensor volume(const Context& ctx, const io::VolumeSize& size, int64_t channels, Precision precision) {
  const LayerScope scope(ctx, "input");
  return {ctx.with_tag(Tag::input),
          {{1, size[0], size[1], size[2], channels}, activation_type(precision), Layout::activation}};
}

struct SampleTensors {
  Tensor image, target;
};

// As the trainer makes them.
SampleTensors sample(const Context& ctx, const MemorySettings& s) {
  Tensor source, target_source;
  if (s.augmented) {
    source = volume(ctx, *s.augmented, io::modality_count, Precision::fp32);
    target_source = volume(ctx, *s.augmented, io::region_count, Precision::fp32);
  }
  Tensor image = volume(ctx, s.size, io::modality_count, s.precision);
  Tensor target = volume(ctx, s.size, io::region_count, s.precision);
  if (s.augmented) warp_planes(ctx, source, target_source, {}, {}, image, target);
  source = Tensor();
  target_source = Tensor();
  if (s.intensities) {
    const LayerScope scope(ctx, "input");
    change_intensities(ctx, {}, image);
  }
  return {std::move(image), std::move(target)};
}

std::vector<LayerBytes> layers_at_peak(const CachingAllocator& allocator) {
  std::vector<LayerBytes> layers;
  for (uint32_t i = 0; i < allocator.layers_at_peak().size(); ++i) {
    if (const size_t bytes = allocator.layers_at_peak()[i]) layers.push_back({allocator.layer_name(i), bytes});
  }
  std::ranges::stable_sort(layers, std::greater<>(), &LayerBytes::bytes);
  return layers;
}

}  // namespace

Plan plan_training(const MemorySettings& settings) {
  Device device = Device::meta(settings.layout);
  return plan_training(settings, device, {[](int64_t) {}, [] {}});
}

Plan plan_training(const MemorySettings& settings, Device& device, const PlanMarks& marks) {
  const Context ctx{device};
  const auto model = make_unet(ctx, settings.network, DType::f32, 0, settings.mode, operands_of(settings.precision));
  Adam adam;
  TrainingStep training(ctx, *model, adam, settings.optimiser_step, settings.extras);
  for (int64_t step = 1; step <= std::min<int64_t>(settings.steps, 2); ++step) {
    marks.begin_step(step);
    for (int64_t i = 0; i < settings.extras.accumulate; ++i) {
      const PhaseScope phase(ctx, Phase::forward);  // of what backward and optimiser do not claim
      Tape tape;
      const Context recording = ctx.with_tape(&tape);
      auto [image, target] = sample(recording, settings);
      Variable losses = training.losses(recording, std::move(image), std::move(target), i);
      training.learn(recording, tape, std::move(losses), i, settings.extras.accumulate);
    }
  }
  Plan plan{device.allocator().stats(), layers_at_peak(device.allocator()), {}};
  if (settings.validation) {
    const PhaseScope phase(ctx, Phase::evaluation);
    device.allocator().release_cached();  // as a device does that is short of memory
    device.allocator().reset_peak();
    region_probabilities(ctx, *model, volume(ctx, *settings.validation, io::modality_count, settings.precision));
    plan.validation = device.allocator().stats();
  }
  marks.end();
  return plan;
}

std::string describe(const StepExtras& e) {
  std::string text;
  if (e.accumulate > 1) text += fmt::format(", {} samples a step", e.accumulate);
  if (e.cross_entropy > 0) text += ", cross entropy";
  if (e.dropout > 0) text += ", dropout";
  if (e.clip > 0) text += ", clipped gradients";
  if (e.average > 0) text += ", averaged weights";
  return text;
}

std::string describe(const MemorySettings& s) {
  const std::string mode =
      s.network.kind == ModelKind::baseline
          ? "baseline"
          : fmt::format("{} activations, {} skips", name_of(s.mode.activations), name_of(s.mode.skips));
  return fmt::format("{}, {}{}{}{}", name_of(s.precision), mode,
                     s.optimiser_step == OptimiserStep::fused ? ", fused optimizer" : "", describe(s.extras),
                     s.augmented ? ", augmented" : "");
}

}  // namespace revunet
