#include "kernels/moving_average/moving_average.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

OpCase moving_average_case(const std::string& name, int64_t elements, double share, bool benchmark = false) {
  const CaseInput weights({elements}, CaseInput::Type::compute);
  return {.name = "moving_average: " + name,
          .inputs = {weights, weights},
          .parameters = {},
          .run = [share](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            moving_average(ctx, x[0].value, share, x[1].value);
            return {x[1], x[0]};  // the values do not change
          },
          .differentiable = false,
          .reference =
              [share](const HostTensors& x) {
                HostTensors outputs = {x[1], x[0]};
                for (size_t i = 0; i < x[0].size(); ++i) outputs[0][i] = share * x[0][i] + (1 - share) * x[1][i];
                return outputs;
              },
          .tolerance_f32 = 2e-7,
          .tolerance_reason = "a difference, which may be twice the largest value, a product and a sum",
          .tolerance_bf16 = 2e-7,  // all of it is f32 in bf16 too
          .tolerance_f64 = 4e-16,
          .bytes_forward = 3.0 * static_cast<double>(elements * size_of(DType::f32)),
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> moving_average_cases(const LevelSize&) {
  return {moving_average_case("one element", 1, 0.3),
          moving_average_case("a pack less one", 3, 0.75),
          moving_average_case("a pack and a tail", 5, 0.75),
          moving_average_case("nothing of the values", 17, 0),
          moving_average_case("nothing of the average", 17, 1),
          moving_average_case("several chunks", 70001, 0.01),
          moving_average_case("the weights of a convolution of 240 channels", 27 * 240 * 240, 0.01, true)};
}

}  // namespace revunet
