#include "bench/step/training_run.h"

#include <cmath>
#include <numeric>

#include "bench/common/statistics.h"
#include "engine/rng.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet::bench {

namespace {

constexpr uint64_t kSeed = 1;

Tensor random_image(const Context& ctx, const Shape& shape) {
  Rng rng(kSeed);
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (float& v : values) v = static_cast<float>(rng.normal());
  return from_host(ctx, shape, DType::f32, values);
}

// Every region is a ball around the centre, the next one half as wide: what nested tumour regions look like to the
// loss.
Tensor nested_balls(const Context& ctx, const Shape& shape) {
  const auto [N, D, H, W, R] = activation(shape);
  std::vector<float> values;
  values.reserve(static_cast<size_t>(shape.elements()));
  const auto from_centre = [](int64_t i, int64_t extent) {
    return (2.0 * static_cast<double>(i) + 1.0) / static_cast<double>(extent) - 1.0;  // -1 to 1
  };
  for (int64_t d = 0; d < D; ++d) {
    for (int64_t h = 0; h < H; ++h) {
      for (int64_t w = 0; w < W; ++w) {
        const double distance = std::hypot(from_centre(d, D), from_centre(h, H), from_centre(w, W));
        for (int64_t r = 0; r < R; ++r)
          values.push_back(distance < std::ldexp(0.8, -static_cast<int>(r)) ? 1.0f : 0.0f);
      }
    }
  }
  return from_host(ctx, shape, DType::f32, values);
}

Shape volume(const Variant& variant, int64_t channels) {
  return {1, variant.size[0], variant.size[1], variant.size[2], channels};
}

}  // namespace

TrainingRun::TrainingRun(Variant variant) : variant_(std::move(variant)) {
  const Context ctx{device_};
  check_config(variant_.model);
  check_size(variant_.model, variant_.size);
  model_ = make_unet(ctx, variant_.model, DType::f32, kSeed, variant_.mode);
  image_ = random_image(ctx.with_tag(Tag::input), volume(variant_, variant_.model.in_channels));
  target_ = nested_balls(ctx.with_tag(Tag::input), volume(variant_, variant_.model.out_channels));
}

StepSeconds TrainingRun::step() {
  set_cpu_threads(variant_.threads);
  Tape tape;
  const Context ctx{device_, &tape};
  // The loss is the sum over regions.
  const std::vector<float> ones(static_cast<size_t>(variant_.model.out_channels), 1.0f);
  Variable losses;
  const Cost forward = cost_of([&] {
    model_->clear_gradients();
    losses = sigmoid_dice(ctx, model_->forward(ctx, Variable(image_)), target_);
  });
  const Cost backward =
      cost_of([&] { tape.backward(ctx, losses, from_host(ctx, losses.value.shape(), DType::f32, ones)); });
  const Cost optimiser = cost_of([&] { adam_.step(ctx, model_->parameter_list()); });

  const std::vector<double> by_region = to_host_f64(losses.value);
  losses_.push_back(std::accumulate(by_region.begin(), by_region.end(), 0.0));
  REVUNET_EXPECTS(std::isfinite(losses_.back()), NonFiniteError,
                  "[bench-step] expected a finite loss of {}, got {} in step {}; its times mean nothing", variant_.name,
                  losses_.back(), losses_.size());
  return {forward.seconds, backward.seconds, optimiser.seconds,
          forward.cpu_seconds + backward.cpu_seconds + optimiser.cpu_seconds};
}

}  // namespace revunet::bench
