#include "kernels/expand_regions/expand_regions.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

// Returns the regions of each label as a table has them.
HostTensors expanded(const std::vector<double>& labels) {
  HostTensors outputs(1);
  for (const double label : labels) {
    const std::vector<double> regions = label == 4   ? std::vector<double>{1, 1, 1}
                                        : label == 2 ? std::vector<double>{1, 0, 0}
                                        : label == 1 ? std::vector<double>{1, 1, 0}
                                                     : std::vector<double>{0, 0, 0};
    outputs[0].insert(outputs[0].end(), regions.begin(), regions.end());
  }
  return outputs;
}

OpCase expand_regions_case(const std::string& name, const Shape& regions, bool benchmark = false) {
  const auto [N, D, H, W, C] = activation(regions);
  const auto label = [](double normal) { return normal > 0.5 ? 4.0 : normal > 0 ? 2.0 : normal > -0.5 ? 1.0 : 0.0; };
  return {.name = "expand_regions: " + name,
          // The second input is written to, whatever it held before.
          .inputs = {{{N, D, H, W, 1}, CaseInput::Type::u8, label}, regions},
          .parameters = {},
          .run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            expand_regions(ctx, x[0].value, x[1].value);
            return {x[1]};
          },
          .differentiable = false,
          .reference = [](const HostTensors& arguments) { return expanded(arguments[0]); },
          .tolerance_f32 = 1e-30,
          .tolerance_reason = "0 and 1 are exact in every type",
          .tolerance_bf16 = 1e-30,
          .tolerance_f64 = 1e-30,
          .bytes_forward = 4.0 * static_cast<double>(N * D * H * W * (1 + C)),
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> expand_regions_cases(const LevelSize& finest) {
  return {expand_regions_case("seven voxels", {1, 1, 1, 7, 3}),
          expand_regions_case("one voxel more than a block of threads", {1, 257, 1, 1, 3}),
          expand_regions_case("a volume", {1, 9, 8, 5, 3}), expand_regions_case("a batch of 2", {2, 3, 5, 4, 3}),
          expand_regions_case("a step's target at " + finest.name(), finest.shape(kRegions), true)};
}

}  // namespace revunet
