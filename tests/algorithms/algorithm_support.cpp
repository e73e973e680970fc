// Checks whether cuDNN has an algorithm for every 3x3x3 convolution of the full-size networks, on GPUs that are only
// described. It needs no GPU. It prints a table, and exits with 1 where a convolution has none within the workspace
// that it may take.
#include <dlfcn.h>

#include <CLI/CLI.hpp>
#include <set>

#include "kernels/conv3d/cuda/conv3d_cudnn.h"
#include "models/unet.h"
#include "tests/algorithms/gpus.h"

using namespace revunet;
using namespace revunet::cuda;
using namespace revunet::test;

namespace {

constexpr std::array<int64_t, 3> kFullSize = {160, 192, 160};

struct Types {
  const char* name;
  DType operands, result;
};
constexpr Types kTf32{"TF32", DType::f32, DType::f32}, kBf16{"bf16", DType::bf16, DType::bf16};
constexpr Types kMixed{"mixed", DType::bf16, DType::f32};  // forward; backward is that of bf16

struct Channels {
  size_t level;
  int64_t in, out;  // per tensor, which is half of a reversible pair
  auto operator<=>(const Channels&) const = default;
};

// With mixed precision, returns only those of reversible blocks, because the others are as in fp32.
std::set<Channels> convolutions(const UNetConfig& config, const Types& types) {
  const auto& c = config.channels;
  std::set<Channels> all;
  if (config.kind == ModelKind::reversible) {
    if (types.operands == types.result) all.insert({0, config.in_channels, c[0] / 2});
    for (size_t level = 0; level < c.size(); ++level) all.insert({level, c[level] / 2, c[level] / 2});
    return all;
  }
  if (types.operands != types.result) return all;
  all.insert({0, config.in_channels, c[0]});
  for (size_t level = 0; level < c.size(); ++level) {
    all.insert({level, c[level], c[level]});
    if (level == 0) continue;
    all.insert({level, c[level - 1], c[level]});
    all.insert({level, c[level], c[level - 1]});
  }
  return all;
}

// In mixed precision, f32 tensors may have less padding than bf16 ones.
ConvolutionProblem problem_of(const Channels& c, Direction direction, const Types& types) {
  const auto edge = [&](size_t axis) { return kFullSize[axis] >> c.level; };
  const auto padded = [](int64_t channels, DType dtype) {
    return kCudaLayout.padded_channels(channels, size_of(dtype));
  };
  return {.direction = direction,
          .operands = types.operands,
          .result = types.result,
          .N = 1,
          .D = edge(0),
          .H = edge(1),
          .W = edge(2),
          .I = padded(c.in, types.operands),
          .O = padded(c.out, direction == Direction::forward ? types.result : types.operands),
          .k = 3,
          .alpha = 1,
          .beta = types.operands == types.result ? 0 : 1};
}

AlgorithmLimits limits_of(const ConvolutionProblem& p) {
  AlgorithmLimits limits;
  limits.workspace -= static_cast<size_t>(p.O * p.taps() * p.I * size_of(p.operands));  // the packed weights
  return limits;
}

struct Support {
  int convolutions = 0, with_algorithm = 0, with_tensor_cores = 0;
};

// With `fused`, algorithms that are compiled at run time are considered too, where there are no others with tensor
// cores. That takes seconds each.
Support support(AlgorithmTarget& gpu, Direction direction, const Types& types, bool fused) {
  std::set<ConvolutionProblem> problems;
  for (const ModelKind kind : {ModelKind::reversible, ModelKind::baseline}) {
    const UNetConfig config = default_config(kind);
    for (const Channels& c : convolutions(config, types)) {
      if (direction == Direction::backward_data && c.in == config.in_channels) continue;  // nobody reads it
      problems.insert(problem_of(c, direction, types));
    }
  }
  Support result;
  for (const ConvolutionProblem& p : problems) {
    ++result.convolutions;
    const auto tensor_cores = [](const CudnnAlgorithm& algorithm) { return algorithm.tensor_cores(); };
    const auto enough = [&](const std::vector<CudnnAlgorithm>& so_far) { return tensor_cores(so_far.back()); };
    auto algorithms = cudnn_algorithms(gpu, p, limits_of(p), AlgorithmForm::plain, std::nullopt, enough);
    if (fused && std::ranges::none_of(algorithms, tensor_cores)) {
      for (CudnnAlgorithm& algorithm : cudnn_algorithms(
               gpu, p, limits_of(p), AlgorithmForm::fused, std::nullopt,
               [&](const auto& so_far) { return tensor_cores(so_far.back()) || so_far.size() == kMostFused; })) {
        algorithms.push_back(std::move(algorithm));
      }
    }
    result.with_algorithm += !algorithms.empty();
    result.with_tensor_cores += std::ranges::any_of(algorithms, tensor_cores);
  }
  return result;
}

int print_table(bool fused) {
  using enum Direction;
  bool complete = true;
  const auto print = [&](const Support& s) {
    fmt::print(" {} of {}, {} with tensor cores |", s.with_algorithm, s.convolutions, s.with_tensor_cores);
    std::fflush(stdout);
    complete = complete && s.with_algorithm == s.convolutions;
  };
  fmt::print("| GPU | precision | forward | backward data | backward weights |\n|---|---|---|---|---|\n");
  for (const Gpu& gpu : kGpus) {
    AlgorithmTarget target(device_properties(gpu));
    for (const Types& types : {kTf32, kBf16}) {
      fmt::print("| {}, sm_{} | {} |", gpu.name, gpu.architecture, types.name);
      for (const Direction direction : {forward, backward_data, backward_weight}) {
        print(support(target, direction, types, fused));
      }
      fmt::print("\n");
    }
    fmt::print("| {}, sm_{} | mixed |", gpu.name, gpu.architecture);
    print(support(target, forward, kMixed, true));  // cuDNN adds products of bf16 to f32 only in fused graphs
    fmt::print(" as bf16 | as bf16 |\n");
  }
  return complete ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Counts the 3x3x3 convolutions of the full-size networks for which cuDNN has algorithms, by GPU.",
               "algorithm_support");
  bool fused = false;
  app.add_flag("--fused", fused, "compile algorithms at run time too wherever no other uses tensor cores: minutes");
  CLI11_PARSE(app, argc, argv);
  // cuDNN loads the driver to finish such algorithms. This one stands in for it.
  if (!dlopen(STAND_IN_DRIVER, RTLD_NOW | RTLD_GLOBAL)) {
    fmt::print(stderr, "algorithm_support: error: {}\n", dlerror());
    return 1;
  }
  return print_table(fused);
}
