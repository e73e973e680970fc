// Runs the tiny networks of the golden files on any device, and compares them with what PyTorch stored.
#pragma once

#include <algorithm>

#include "kernels/adam/adam.h"
#include "kernels/sigmoid/sigmoid.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"
#include "models/inference/weights_file.h"
#include "models/unet.h"
#include "tests/support/catch.h"
#include "tests/support/coded_target.h"
#include "tests/support/golden.h"

namespace revunet::test {

struct Network {
  std::string file;
  UNetConfig config;
};

inline UNetConfig tiny_reversible(int64_t encoder_depth, int64_t decoder_depth) {
  return {.kind = ModelKind::reversible,
          .channels = {8, 16, 24, 32, 40},
          .encoder_depth = encoder_depth,
          .decoder_depth = decoder_depth};
}

inline const std::vector<HalvedAxes> kFirstXY = {{true, true, false}, kAllAxes};

inline const std::vector<Network>& tiny_networks() {
  static const std::vector<Network> networks = {
      {"revunet_tiny_e1d1.safetensors", tiny_reversible(1, 1)},
      {"revunet_tiny_e3d2.safetensors", tiny_reversible(3, 2)},
      {"baseline_tiny.safetensors", {.kind = ModelKind::baseline, .channels = {4, 8, 16, 32, 64}}},
      // The first step halves x and y only (make_halved_axes.py).
      {"revunet_halved_xy_xyz.safetensors", {.channels = {4, 8, 12}, .encoder_depth = 2, .halved = kFirstXY}},
      {"baseline_halved_xy_xyz.safetensors", {.kind = ModelKind::baseline, .channels = {2, 4, 8}, .halved = kFirstXY}}};
  return networks;
}

// Tolerances are relative to the largest value of a tensor. In f64 they allow for the rounding of stored values to f32,
// and for that of a few hundred operations on values that are not rounded.
struct Tolerances {
  double tensor;           // stored rounded to f32
  double scalar;           // stored in f64
  double median_gradient;  // the median of all parameters' errors
  double worst_gradient;
  double curve;  // losses of ten Adam steps
};
inline constexpr Tolerances kF64{
    .tensor = 2e-7, .scalar = 1e-9, .median_gradient = 2e-7, .worst_gradient = 2e-7, .curve = 1e-9};
// In f32, rounding alone stays within 1e-5, and within 1.1e-5 at single voxels of the deeper full-size network. But now
// and then it decides a near tie of a max-pool, or the sign of a LeakyReLU's input, the other way, and that moves whole
// gradients. PyTorch's own f32 (precision_errors.py) is off by up to 1.2e-2 on revunet_tiny_e3d2 and 1.4e-3 (median
// 2.8e-4) on baseline_full. Which ties there are depends on the processor too, so the worst may be a quarter worse.
// Adam then turns the sign of a gradient near 0 into a full step: PyTorch's f32 misses the loss curve by 2.6e-4 and the
// output after ten steps by 0.1.
inline constexpr Tolerances kF32{
    .tensor = 2e-5, .scalar = 1e-5, .median_gradient = 2.8e-4, .worst_gradient = 1.5e-2, .curve = 2.6e-4};
// Reversible skips rebuild an encoder's output, whose rounding decides other ties: the worst gradient is off by
// 1.25e-2, and the curve by 3.9e-4.
inline constexpr Tolerances kF32ReversibleSkips{
    .tensor = 2e-5, .scalar = 1e-5, .median_gradient = 2.8e-4, .worst_gradient = 1.5e-2, .curve = 4.2e-4};
// bf16 has 2^16 times f32's rounding. PyTorch's own bf16 is off by up to 3.7e-2 in the output, 1.1e-4 in a loss, 0.13
// in the median gradient and 1.0 in the worst one, without rebuilding anything. Other ties may be twice as unlucky.
// mode_agreement_test.cpp shows that gradients point the right way all the same. Nothing trains ten steps in bf16.
inline constexpr Tolerances kBf16{
    .tensor = 7.4e-2, .scalar = 2.2e-4, .median_gradient = 0.2, .worst_gradient = 2.0, .curve = 0};

inline Tolerances tolerances(DType dtype, const UNetConfig& config, Skips skips = Skips::reversible) {
  if (dtype == DType::bf16) return kBf16;
  if (dtype == DType::f64) return kF64;
  return config.kind == ModelKind::reversible && skips == Skips::reversible ? kF32ReversibleSkips : kF32;
}

// Checks the errors of all gradients of a network, with names for the message.
inline void check_gradients(std::vector<std::pair<double, std::string>> errors, const Tolerances& tolerance) {
  std::ranges::sort(errors);
  INFO("worst: " << errors.back().second);
  CHECK(errors[errors.size() / 2].first <= tolerance.median_gradient);
  CHECK(errors.back().first <= tolerance.worst_gradient);
}

// A Pass is one forward and, with `backward`, one backward: region losses and probabilities.
struct Pass {
  Tensor losses, probabilities;
};
inline Pass run(const Context& base, UNet& model, const Tensor& image, const CodedTarget& target, bool backward) {
  Tape tape;
  const Context ctx = backward ? base.with_tape(&tape) : base;
  Variable logits = model.forward(ctx, Variable(image));
  Pass pass;
  pass.probabilities = Tensor(base, logits.value.spec());
  sigmoid_forward(base, logits.value, pass.probabilities);
  const Variable losses = sigmoid_dice(ctx, std::move(logits), target.labels, target.table);
  pass.losses = losses.value;
  if (backward) {
    const std::vector<double> ones(3, 1.0);
    tape.backward(ctx, losses, from_host(base, {3}, losses.value.dtype(), std::span<const double>(ones)));
  }
  return pass;
}

inline CodedTarget target_of(const Context& ctx, const Golden& golden) {
  return coded_target(ctx, golden.shape("target"), golden.values("target"));
}

// Returns the golden file's weights under their own names.
inline io::SafetensorsFile weights_of(const Golden& golden) {
  io::SafetensorsFile weights;
  const std::string prefix = "weight.";
  for (const auto& entry : golden.file().entries()) {
    if (entry.name.starts_with(prefix)) weights.add(entry.name.substr(prefix.size()), entry.tensor);
  }
  return weights;
}

// Checks output, losses and every gradient of one step. With operands in bf16, the tolerance is that of a run in bf16.
inline void check_one_step(Device& device, const Network& network, DType dtype, const MemoryMode& mode,
                           Operands operands = Operands::activations) {
  const bool mixed = operands == Operands::bf16;
  const Tolerances tolerance = mixed ? kBf16 : tolerances(dtype, network.config, mode.skips);
  const Golden golden(network.file);
  INFO(network.file << ", " << (mixed ? "mixed" : name_of(dtype)));
  const Context ctx{device};
  const auto model = make_unet(ctx, network.config, compute_type(dtype), 0, mode, operands);
  load_weights(weights_of(golden), *model);
  const Pass pass = run(ctx, *model, golden.activation(ctx, "input", dtype), target_of(ctx, golden), true);
  golden.check_close(pass.probabilities, "output", tolerance.tensor);
  golden.check_close(pass.losses, "region_losses_f64", tolerance.scalar);
  std::vector<std::pair<double, std::string>> errors;
  for (const auto& p : model->parameters()) {
    errors.emplace_back(golden.relative_error(p->gradient, "grad." + p->name), p->name);
  }
  check_gradients(std::move(errors), tolerance);
}

// Checks the losses of ten steps of Adam, and in f64 the output after them.
inline void check_ten_steps(Device& device, const Network& network, DType dtype) {
  const Tolerances tolerance = tolerances(dtype, network.config);
  const Golden golden(network.file);
  INFO(network.file << ", " << name_of(dtype));
  const Context ctx{device};
  const auto model = make_unet(ctx, network.config, dtype, 0);
  load_weights(weights_of(golden), *model);
  const Tensor image = golden.activation(ctx, "input", dtype);
  const CodedTarget target = target_of(ctx, golden);
  const auto parameters = model->parameter_list();
  Adam adam({.learning_rate = 1e-3, .weight_decay = 1e-5});
  std::vector<double> curve;
  for (int step = 0; step < 10; ++step) {
    const auto losses = to_host_f64(run(ctx, *model, image, target, true).losses);
    curve.push_back(losses[0] + losses[1] + losses[2]);
    adam.step(ctx, parameters);
    model->clear_gradients();
  }
  golden.check_close(from_host(ctx, {10}, DType::f64, std::span<const double>(curve)), "adam_loss_curve_f64",
                     tolerance.curve);
  if (dtype == DType::f64) {
    golden.check_close(run(ctx, *model, image, target, false).probabilities, "output_after_adam", tolerance.tensor);
  }
}

}  // namespace revunet::test
