#include "bench/ops/timed_case.h"

#include "engine/rng.h"

namespace revunet::bench {

namespace {

Tensor random_tensor(const Context& ctx, const TensorSpec& spec, uint64_t random_sequence,
                     CaseInput::FromNormal from_normal = nullptr) {
  Rng rng(1, random_sequence);
  std::vector<float> values(static_cast<size_t>(spec.shape.elements()));
  for (float& v : values) {
    const double normal = rng.normal();
    v = static_cast<float>(from_normal ? from_normal(normal) : normal);
  }
  return from_host(ctx, spec, values);
}

}  // namespace

TimedCase::TimedCase(const OpCase& op_case, DType dtype, Device& device, CacheFlusher& flusher)
    : case_(op_case), ctx_{device}, flusher_(flusher) {
  uint64_t random_sequence = 0;
  for (const CaseInput& input : case_.inputs) {
    inputs_.push_back(random_tensor(ctx_, input.spec(dtype), random_sequence++, input.from_normal));
  }
  for (const Shape& shape : case_.parameters) {
    parameters_.push_back(
        {.name = "parameter", .value = random_tensor(ctx_, {shape, DType::f32}, random_sequence++), .gradient = {}});
  }
}

TimedCase::Costs TimedCase::run() {
  Tape tape;
  const Context recording = ctx_.with_tape(&tape);
  std::vector<Variable> inputs, outputs;
  for (const Tensor& input : inputs_) inputs.push_back(tape.track(clone(ctx_, input)));
  flusher_.flush();
  MemoryResource& device = ctx_.device.memory();
  device.synchronize();
  const Cost forward = cost_of([&] {
    outputs = case_.run(recording, std::move(inputs), parameters_);
    device.synchronize();
  });
  if (!case_.differentiable) return {forward, std::nullopt};

  std::vector<Tape::Seed> seeds;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i == output_gradients_.size()) {
      output_gradients_.push_back(random_tensor(ctx_, outputs[i].value.spec(), 100 + i));
    }
    seeds.push_back({outputs[i].slot, clone(ctx_, output_gradients_[i])});
  }
  outputs.clear();
  flusher_.flush();
  device.synchronize();
  const Cost backward = cost_of([&] {
    tape.backward(recording, std::move(seeds));
    device.synchronize();
  });
  return {forward, backward};
}

}  // namespace revunet::bench
