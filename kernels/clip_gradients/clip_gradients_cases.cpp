#include <algorithm>
#include <cmath>

#include "kernels/clip_gradients/clip_gradients.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

// Clips gradients with these numbers of elements; one parameter among them has none. The outputs are the gradients,
// then the norm before clipping.
std::vector<Variable> clip(const Context& ctx, double limit, std::vector<Variable> x) {
  std::vector<Parameter> parameters;
  for (Variable& gradient : x) parameters.push_back({.name = "p", .value = {}, .gradient = std::move(gradient.value)});
  Parameter none{.name = "none", .value = {}, .gradient = {}};
  std::vector<Parameter*> pointers = {&none};
  for (Parameter& p : parameters) pointers.push_back(&p);
  std::swap(pointers.front(), pointers[pointers.size() / 2]);

  const double norm = clip_gradients(ctx, pointers, limit);
  std::vector<Variable> outputs;
  for (const Parameter& p : parameters) outputs.emplace_back(p.gradient);
  outputs.emplace_back(from_host(ctx, {1}, DType::f64, std::vector<double>{norm}));
  return outputs;
}

// Computes the norm of all elements in sequence, in long double. The common factor is that of PyTorch's documentation.
HostTensors clipped(double limit, const HostTensors& x) {
  long double squares = 0;
  for (const auto& gradient : x) {
    for (const double v : gradient) squares += static_cast<long double>(v) * static_cast<long double>(v);
  }
  const auto norm = static_cast<double>(std::sqrt(squares));
  HostTensors outputs = x;
  for (auto& gradient : outputs) {
    for (double& v : gradient) v *= std::min(1.0, limit / (norm + 1e-6));
  }
  outputs.push_back({norm});
  return outputs;
}

OpCase clip_case(const std::string& name, const std::vector<int64_t>& elements, double limit, bool benchmark = false) {
  std::vector<CaseInput> gradients;
  double bytes = 0;
  for (const int64_t n : elements) {
    gradients.emplace_back(Shape{n}, CaseInput::Type::compute);
    bytes += static_cast<double>(n * size_of(DType::f32));
  }
  return {.name = "clip_gradients: " + name,
          .inputs = std::move(gradients),
          .parameters = {},
          .run = [limit](const Context& ctx, std::vector<Variable> x,
                         std::span<Parameter>) { return clip(ctx, limit, std::move(x)); },
          .differentiable = false,
          .reference = [limit](const HostTensors& x) { return clipped(limit, x); },
          .tolerance_f32 = 1.2e-7,
          .tolerance_reason = "a norm in double, a factor that is rounded to f32 and a product",
          .tolerance_bf16 = 1.2e-7,  // all of it is f32 in bf16 too
          .tolerance_f64 = 4e-14,    // a chunk adds 32768 squares in sequence, which err by 2e-14 of their sum
          .bytes_forward = 3 * bytes,
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> clip_gradients_cases(const LevelSize&) {
  return {clip_case("one element", {1}, 1e-3), clip_case("tails of packs", {1, 3, 4, 5, 7, 8, 9, 1000}, 1.5),
          clip_case("below the limit", {7, 17, 3}, 100), clip_case("several chunks, and few elements", {70001, 5}, 1.5),
          clip_case("the weights of a convolution of 240 channels", {27 * 240 * 240}, 1, true)};
}

}  // namespace revunet
