#include "bench/ops/timed_case.h"

#include "engine/rng.h"

namespace revunet::bench {

namespace {

Tensor normal_tensor(const Context& ctx, const Shape& shape, uint64_t stream) {
  Rng rng(1, stream);
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (float& v : values) v = static_cast<float>(rng.normal());
  return from_host(ctx, shape, DType::f32, values);
}

}  // namespace

TimedCase::TimedCase(const OpCase& op_case, Device& device, CacheFlusher& flusher)
    : case_(op_case), ctx_{device}, flusher_(flusher) {
  uint64_t stream = 0;
  for (const Shape& shape : case_.inputs) inputs_.push_back(normal_tensor(ctx_, shape, stream++));
  for (const Shape& shape : case_.parameters) {
    parameters_.push_back({.name = "parameter", .value = normal_tensor(ctx_, shape, stream++), .gradient = {}});
  }
}

TimedCase::Costs TimedCase::run() {
  Tape tape;
  const Context recording = ctx_.with_tape(&tape);
  std::vector<Variable> inputs, outputs;
  for (const Tensor& input : inputs_) inputs.push_back(tape.track(clone(ctx_, input)));
  flusher_.flush();
  const Cost forward = cost_of([&] { outputs = case_.run(recording, std::move(inputs), parameters_); });

  std::vector<Tape::Seed> seeds;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i == output_gradients_.size()) {
      output_gradients_.push_back(normal_tensor(ctx_, outputs[i].value.shape(), 100 + i));
    }
    seeds.push_back({outputs[i].slot, clone(ctx_, output_gradients_[i])});
  }
  outputs.clear();
  flusher_.flush();
  const Cost backward = cost_of([&] { tape.backward(recording, std::move(seeds)); });
  return {forward, backward};
}

}  // namespace revunet::bench
