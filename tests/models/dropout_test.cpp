// Tests dropout inside reversible sequences: what a residual computes, and that a rebuild drops the channels of its
// forward.
#include <cmath>

#include "engine/rng.h"
#include "io/task/brats_task.h"
#include "kernels/conv3d/conv3d.h"
#include "models/inference/label_table_of.h"
#include "models/norm_act_conv.h"
#include "models/training_step.h"
#include "tests/support/catch.h"
#include "tests/support/random_labels.h"

using namespace revunet;

namespace {

Tensor normal_values(const Context& ctx, const TensorSpec& spec, uint64_t random_sequence) {
  Rng rng(9, random_sequence);
  std::vector<double> values(static_cast<size_t>(spec.shape.elements()));
  for (double& v : values) v = rng.normal();
  return from_host(ctx, spec, std::span<const double>(values));
}

TensorSpec f64_volume(const Shape& shape) {
  return {shape, DType::f64, Layout::activation};
}

UNetConfig two_levels() {
  return {.channels = {8, 16}, .encoder_depth = 2, .decoder_depth = 2};
}

// Returns losses and half of all gradients of one sample, one after the other. The sample is the first of the two of a
// step.
std::vector<double> losses_and_gradients(const MemoryMode& mode, double rate, int64_t sample) {
  Device device;
  const Context ctx{device};
  const auto model = make_unet(ctx, two_levels(), DType::f64, 3, mode);
  Adam adam;
  TrainingStep step(ctx, *model, adam,
                    {.labels = label_table_of(*io::brats_task()),
                     .activations = DType::f64,
                     .extras = {.accumulate = 2, .dropout = rate},
                     .dropout_seed = 11});
  const std::vector<float> image = to_host_f32(normal_values(ctx, f64_volume({1, 24, 8, 8, 4}), 1));
  const std::vector<uint8_t> labels = test::random_labels(24 * 8 * 8, 2);
  std::vector<double> result = step.take(ctx, {{24, 8, 8}, image, labels}, {sample, 0, 2});
  for (const auto& p : model->parameters()) {
    for (const double v : to_host_f64(p->gradient)) result.push_back(v);
  }
  return result;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(a[i]));
  }
  return difference / largest;
}

}  // namespace

TEST_CASE("a residual with dropout is norm, LeakyReLU, scaled channels and convolution, one after the other") {
  Device device;
  const Context ctx{device};
  constexpr int64_t C = 6;
  Parameter gamma{"gamma", normal_values(ctx, {{C}, DType::f64}, 3), {}},
      beta{"beta", normal_values(ctx, {{C}, DType::f64}, 4), {}};
  Parameter weight{"weight", normal_values(ctx, {{C, 3, 3, 3, C}, DType::f64}, 5), {}};
  const Dropout dropout{0.5, 23, 4};
  const NormActConv residual({gamma, beta, 3}, weight, Operands::activations, dropout, 2);
  const Tensor x = normal_values(ctx, f64_volume({1, 4, 5, 3, C}), 6);
  Tensor got = zeros(ctx, x.spec());
  residual.forward(ctx, x, got);

  Variable normed = group_norm_leaky_relu(ctx, Variable(clone(ctx, x)), {gamma, beta, 3});
  std::vector<double> values = to_host_f64(normed.value);
  int dropped = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double s = dropout_scale(dropout.of_layer(2), static_cast<int64_t>(i) % C);
    if (i < C) dropped += s == 0;
    values[i] *= s;
  }
  REQUIRE(dropped > 0);
  REQUIRE(dropped < C);
  std::vector<Variable> input;
  input.emplace_back(from_host(ctx, x.spec(), std::span<const double>(values)));
  const auto expected = to_host_f64(conv3d(ctx, std::move(input), weight, nullptr)[0].value);
  CHECK(distance(expected, to_host_f64(got)) < 1e-14);
}

TEST_CASE("with dropout all modes have the same losses and gradients: a rebuild meets the same channels") {
  const auto stored = losses_and_gradients({Activations::stored, Skips::stored}, 0.4, 7);
  for (const MemoryMode& mode : kMemoryModes) {
    CHECK(distance(stored, losses_and_gradients(mode, 0.4, 7)) < 1e-12);
  }
  CHECK(distance(stored, losses_and_gradients({}, 0.4, 8)) > 1e-3);  // another sample, other channels
  CHECK(distance(stored, losses_and_gradients({}, 0, 7)) > 1e-3);
  CHECK(losses_and_gradients({}, 0, 7) == losses_and_gradients({}, 0, 8));
}

TEST_CASE("gradients with dropout are those of central differences") {
  Device device;
  const Context ctx{device};
  constexpr int64_t C = 4;
  Parameter gamma{"gamma", normal_values(ctx, {{C}, DType::f64}, 3), {}},
      beta{"beta", normal_values(ctx, {{C}, DType::f64}, 4), {}};
  Parameter weight{"weight", normal_values(ctx, {{C, 3, 3, 3, C}, DType::f64}, 5), {}};
  const Dropout dropout{0.5, 22, 4};
  NormActConv residual({gamma, beta, 2}, weight, Operands::activations, dropout, 1);
  const Tensor x = normal_values(ctx, f64_volume({1, 3, 4, 3, C}), 6), dy = normal_values(ctx, x.spec(), 7);
  const auto value = [&](const Tensor& at) {  // sum of y dy
    Tensor y = zeros(ctx, x.spec());
    residual.forward(ctx, at, y);
    const auto a = to_host_f64(y), b = to_host_f64(dy);
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  Tensor y = zeros(ctx, x.spec());
  const Tensor statistics = residual.forward(ctx, x, y);
  Tensor dx = zeros(ctx, x.spec());
  residual.backward(ctx, x, statistics, &y, dy, dx);
  for (const double rest : to_host_f64(y)) REQUIRE(std::abs(rest) < 1e-12);  // set back to 0

  const auto check = [&](Tensor& of, const Tensor& gradient) {
    const Tensor direction = normal_values(ctx, of.spec(), 8);
    const auto d = to_host_f64(direction), at = to_host_f64(of), g = to_host_f64(gradient);
    double expected = 0;
    for (size_t i = 0; i < d.size(); ++i) expected += g[i] * d[i];
    const auto moved = [&](double h) {
      std::vector<double> values = at;
      for (size_t i = 0; i < d.size(); ++i) values[i] += h * d[i];
      assign(of, values);
      return value(x);
    };
    constexpr double h = 1e-6;
    const double difference = (moved(h) - moved(-h)) / (2 * h);
    assign(of, at);
    CHECK(difference == Approx(expected).epsilon(1e-7));
  };
  check(gamma.value, gamma.gradient);
  check(beta.value, beta.gradient);
  check(weight.value, weight.gradient);
  Tensor input = x;
  check(input, dx);
}
