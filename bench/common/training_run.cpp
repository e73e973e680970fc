#include "bench/common/training_run.h"

#include <array>
#include <cmath>
#include <numeric>

#include "bench/common/statistics.h"
#include "io/task/brats_task.h"
#include "models/inference/label_table_of.h"

namespace revunet::bench {

namespace {

// Returns labels whose every region is a ball around the centre, and the next one is half as wide: to the loss, nested
// tumour regions look like this.
std::vector<uint8_t> nested_balls(const Shape& shape) {
  const auto [N, D, H, W, C] = activation(shape);
  constexpr std::array<uint8_t, 4> kLabels = {0, 2, 1, 4};  // by the number of balls around a voxel
  std::vector<uint8_t> labels;
  labels.reserve(static_cast<size_t>(shape.elements()));
  const auto from_centre = [](int64_t i, int64_t extent) {
    return (2.0 * static_cast<double>(i) + 1.0) / static_cast<double>(extent) - 1.0;  // -1 to 1
  };
  for (int64_t d = 0; d < D; ++d) {
    for (int64_t h = 0; h < H; ++h) {
      for (int64_t w = 0; w < W; ++w) {
        const double distance = std::hypot(from_centre(d, D), from_centre(h, H), from_centre(w, W));
        size_t balls = 0;
        while (balls < 3 && distance < std::ldexp(0.8, -static_cast<int>(balls))) ++balls;
        labels.push_back(kLabels[balls]);
      }
    }
  }
  return labels;
}

}  // namespace

TrainingRun::TrainingRun(Variant variant) : variant_(std::move(variant)), compute_(variant_.device) {
  model_ = make_network({device()}, variant_);
  step_.emplace(Context{device()}, *model_, adam_,
                StepOptions{.labels = label_table_of(*io::brats_task()),
                            .activations = activation_type(variant_.precision),
                            .optimiser_step = variant_.optimiser_step});
  image_ = random_image(variant_);
  labels_ = nested_balls({1, variant_.size[0], variant_.size[1], variant_.size[2], 1});
}

TrainingRun::~TrainingRun() {
  if (step_ && step_->upload()) step_->upload()->close();
}

StepSeconds TrainingRun::step() {
  set_cpu_threads(variant_.threads);
  const HostSample sample{{variant_.size[0], variant_.size[1], variant_.size[2]}, image_, labels_};
  const auto number = static_cast<int64_t>(losses_.size());
  CostClock clock;
  if (SampleUpload* upload = step_->upload()) {
    upload->expect(number);
    if (next_.valid()) next_.get();
    next_ = std::async(std::launch::async, [=] { upload->fill(number + 1, sample); });
  }
  Cost input{}, forward{};
  const std::vector<double> by_region =
      step_->take({device()}, sample, {.sample = number},
                  {.on_input =
                       [&] {
                         device().memory().synchronize();
                         input = clock.lap();
                       },
                   .on_losses = [&](std::span<const double>) { forward = clock.lap(); }});
  device().memory().synchronize();
  const Cost backward = clock.cost();
  if (next_.valid()) next_.wait();  // so that it takes no time of another variant's step
  losses_.push_back(std::accumulate(by_region.begin(), by_region.end(), 0.0));
  compute_.save_algorithms();
  return {input.seconds, forward.seconds, backward.seconds, forward.cpu_seconds + backward.cpu_seconds};
}

}  // namespace revunet::bench
