#include <algorithm>
#include <cmath>

#include "kernels/adam/adam.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

// Each parameter has these inputs, in this order.
enum AdamInput : size_t { kGradient, kParameter, kMean, kMeanSquare, kAdamInputs };

// Returns the number of a parameter's step: 5, 9 or 1. The numbers differ because some parameters had no gradient in
// earlier steps.
int64_t number_of_step(size_t parameter) {
  return 1 + static_cast<int64_t>((parameter + 1) % 3) * 4;
}

// Takes one step. Its outputs are each parameter, both moments and the gradient, which does not change.
std::vector<Variable> step(const Context& ctx, const AdamOptions& options, std::vector<Variable> x) {
  const size_t count = x.size() / kAdamInputs;
  std::vector<Parameter> parameters(count);
  std::vector<Parameter*> pointers;
  std::vector<AdamState> states(count);
  for (size_t i = 0; i < count; ++i) {
    Variable* const in = &x[i * kAdamInputs];
    parameters[i] = {.name = "p", .value = in[kParameter].value, .gradient = in[kGradient].value};
    pointers.push_back(&parameters[i]);
    states[i] = {in[kMean].value, in[kMeanSquare].value, number_of_step(i) - 1};
  }
  Adam adam(options);
  adam.set_states(std::move(states));
  adam.step(ctx, pointers);
  std::vector<Variable> outputs;
  for (size_t i = 0; i < count; ++i) {
    const AdamState& state = adam.states()[i];
    for (const Tensor& y : {parameters[i].value, state.mean, state.mean_square, parameters[i].gradient}) {
      outputs.emplace_back(y);
    }
  }
  return outputs;
}

// This is Kingma and Ba's algorithm 1 as printed, with moments corrected for their bias. At a parameter's first step
// the moments are zero, whatever is passed.
HostTensors algorithm_1(const AdamOptions& o, const HostTensors& x) {
  HostTensors outputs;
  for (size_t i = 0; i < x.size(); i += kAdamInputs) {
    const int64_t t = number_of_step(i / kAdamInputs);
    double power1 = 1, power2 = 1;  // beta^t
    for (int64_t k = 0; k < t; ++k) power1 *= o.beta1, power2 *= o.beta2;
    std::vector<double> theta = x[i + kParameter], m = x[i + kMean], v = x[i + kMeanSquare];
    if (t == 1) std::ranges::fill(m, 0), std::ranges::fill(v, 0);
    for (size_t k = 0; k < theta.size(); ++k) {
      const double g = x[i + kGradient][k] + o.weight_decay * theta[k];
      m[k] += (1 - o.beta1) * (g - m[k]);
      v[k] += (1 - o.beta2) * (g * g - v[k]);
      const double mean = m[k] / (1 - power1), mean_square = v[k] / (1 - power2);
      theta[k] -= o.learning_rate * mean / (std::sqrt(mean_square) + o.epsilon);
    }
    for (auto* y : {&theta, &m, &v}) outputs.push_back(std::move(*y));
    outputs.push_back(x[i + kGradient]);
  }
  return outputs;
}

double above_one(double normal) {
  return 1 + 0.5 * normal * normal / (1 + normal * normal);
}

double below_minus_one(double normal) {
  return -above_one(normal);
}

OpCase adam_case(const std::string& name, const std::vector<int64_t>& elements, const AdamOptions& options,
                 bool benchmark = false) {
  std::vector<CaseInput> inputs;
  double bytes = 0;
  for (const int64_t n : elements) {
    using enum CaseInput::Type;
    // Gradient, parameter and mean have one sign, which changes from parameter to parameter. Sums of mixed signs may
    // cancel, and a single element can then be smaller than the rounding of its terms.
    const CaseInput::FromNormal of_one_sign = inputs.size() % (2 * kAdamInputs) == 0 ? above_one : below_minus_one;
    for (int i = 0; i < 3; ++i) inputs.emplace_back(Shape{n}, compute, of_one_sign);
    // Mean squares are never near 0, where a step would be far larger than all others.
    inputs.emplace_back(Shape{n}, compute, [](double normal) { return 0.1 + normal * normal; });
    bytes += static_cast<double>(n * size_of(DType::f32));
  }
  return {.name = "adam: " + name,
          .inputs = std::move(inputs),
          .parameters = {},
          .run = [options](const Context& ctx, std::vector<Variable> x,
                           std::span<Parameter>) { return step(ctx, options, std::move(x)); },
          .differentiable = false,
          .reference = [options](const HostTensors& x) { return algorithm_1(options, x); },
          .tolerance_f32 = 3e-7,
          .tolerance_reason = "a moment's three products and sums, of which a move adds six more: about five roundings",
          .tolerance_bf16 = 3e-7,  // all of it is f32 in bf16 too
          .tolerance_f64 = 1e-15,
          .bytes_forward = 7 * bytes,  // all four are read, and all but the gradient are written
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> adam_cases(const LevelSize&) {
  // With these options every term of the formula shows in f32.
  const AdamOptions large{.learning_rate = 0.1, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 0.01, .weight_decay = 0.1};
  const std::vector<int64_t> tails = {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31};
  std::vector<int64_t> many(70);  // 64 parameters go into a launch
  for (size_t i = 0; i < many.size(); ++i) many[i] = 1 + static_cast<int64_t>(i * i % 37);
  return {adam_case("the usual options, few elements", tails, {}),
          adam_case("large options, few elements", tails, large),
          adam_case("more parameters than a launch takes", many, large), adam_case("several chunks", {70001}, large),
          adam_case("the weights of a convolution of 240 channels", {27 * 240 * 240}, {}, true)};
}

}  // namespace revunet
