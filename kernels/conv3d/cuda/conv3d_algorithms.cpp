#include "kernels/conv3d/cuda/conv3d_algorithms.h"

#include <algorithm>
#include <utility>

#include "engine/cuda/event.h"
#include "engine/tensor.h"
#include "kernels/conv3d/cuda/conv3d_spot_check.h"

namespace revunet::cuda {

namespace {

constexpr size_t kMostTimed = 8;  // algorithms; cuDNN's heuristics put good ones first, if not the best
constexpr int kTimedRuns = 2;     // after one run that is not timed
// A wrong kernel is off by the size of the result. TF32 and bf16 products round to 2^-11 and 2^-9 of each term.
constexpr double kLargestError = 0.02;

std::string describe(const ConvolutionProblem& p, const AlgorithmLimits& limits) {
  const char* direction = p.direction == Direction::forward         ? "forward"
                          : p.direction == Direction::backward_data ? "backward data"
                                                                    : "backward weight";
  const std::string types =
      p.operands == p.result ? name_of(p.operands) : fmt::format("{} to {}", name_of(p.operands), name_of(p.result));
  return fmt::format("{} {}, x ({}, {}, {}, {}, {}), {} output channels, kernel {}, within {} KiB of workspace{}{}",
                     direction, types, p.N, p.D, p.H, p.W, p.I, p.O, p.k, limits.workspace >> 10,
                     limits.arithmetic.deterministic ? ", deterministic" : "",
                     limits.arithmetic.strict_fp32 ? ", strict fp32" : "");
}

// These keys name what was chosen: for a shape, and for a problem whose alpha and beta the shape's choice cannot do.
struct Keys {
  std::string shape, own;
};

Keys keys_of(const ConvolutionProblem& p, const AlgorithmLimits& limits) {
  const std::string shape = describe(p, limits);
  if (p.alpha == 1 && p.beta == 0) return {shape, shape};
  return {shape, fmt::format("{}, alpha {}, beta {}", shape, p.alpha, p.beta)};
}

Tensor workspace(const Context& ctx, size_t bytes) {
  return {ctx.for_workspace(), {std::max<int64_t>(1, static_cast<int64_t>((bytes + 3) / 4))}, DType::f32};
}

}  // namespace

// A Trial is what algorithms are tried on: the operands at hand, except that a result to which the convolution would
// add stays unchanged.
struct ConvolutionAlgorithms::Trial {
  Trial(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& given) : buffers(given) {
    if (problem.beta == 0) return;
    scratch = workspace(ctx, static_cast<size_t>(problem.result_elements() * size_of(problem.result)));
    buffers.result(problem.direction) = scratch.data<float>();
  }
  ConvolutionBuffers buffers;
  Tensor scratch;
};

struct ConvolutionAlgorithms::Timed {
  double milliseconds;
  CudnnAlgorithm algorithm;
};

ConvolutionAlgorithms::ConvolutionAlgorithms() {
  REVUNET_CUDNN_CHECK(cudnnCreate(&handle_));
}

ConvolutionAlgorithms::~ConvolutionAlgorithms() {
  algorithms_.clear();
  cudnnDestroy(handle_);
}

void ConvolutionAlgorithms::run(const Context& ctx, const ConvolutionProblem& problem,
                                const ConvolutionBuffers& buffers, const AlgorithmLimits& limits) {
  REVUNET_CUDNN_CHECK(cudnnSetStream(handle_, stream_of(ctx)));
  auto found = algorithms_.find({problem, limits});
  if (found == algorithms_.end()) {
    found = algorithms_.emplace(std::pair(problem, limits), choose(ctx, problem, buffers, limits)).first;
  }
  execute(ctx, found->second, buffers);
}

void ConvolutionAlgorithms::execute(const Context& ctx, const CudnnAlgorithm& algorithm,
                                    const ConvolutionBuffers& buffers) {
  Tensor memory = workspace(ctx, algorithm.workspace());
  algorithm.run(handle_, buffers, memory.data<float>());
}

CudnnAlgorithm ConvolutionAlgorithms::choose(const Context& ctx, const ConvolutionProblem& problem,
                                             const ConvolutionBuffers& buffers, const AlgorithmLimits& limits) {
  KernelChoices& choices = ctx.device.kernel_choices();
  const Keys keys = keys_of(problem, limits);
  for (const std::string& key : {keys.own, keys.shape}) {
    if (!choices.contains(key)) continue;
    // The shape's choice may belong to an engine that cannot do this alpha and beta.
    if (auto known = known_algorithm(ctx, problem, buffers, limits, key, key == keys.own)) return std::move(*known);
  }
  Trial trial(ctx, problem, buffers);
  std::optional<Timed> best = fastest(ctx, problem, limits, AlgorithmForm::plain, trial);
  if (!best || (!best->algorithm.tensor_cores() && !limits.arithmetic.strict_fp32)) {
    std::optional<Timed> fused = fastest(ctx, problem, limits, AlgorithmForm::fused, trial);
    if (fused && (!best || fused->milliseconds < best->milliseconds)) best = std::move(fused);
  }
  REVUNET_EXPECTS(best, Error,
                  "[conv3d] expected a cuDNN algorithm that computes {}, got none; allow more `conv-workspace`, or use "
                  "another version of cuDNN",
                  keys.own);
  const std::string& key = choices.contains(keys.shape) ? keys.own : keys.shape;
  choices[key] = best->algorithm.name();
  checked_.insert(key);
  return std::move(best->algorithm);
}

std::optional<CudnnAlgorithm> ConvolutionAlgorithms::known_algorithm(const Context& ctx,
                                                                     const ConvolutionProblem& problem,
                                                                     const ConvolutionBuffers& buffers,
                                                                     const AlgorithmLimits& limits,
                                                                     const std::string& key, bool required) {
  const std::string& name = ctx.device.kernel_choices().at(key);
  auto named = cudnn_algorithms(AlgorithmTarget(handle_), problem, limits, form_of(name), name);
  if (named.empty() && !required) return std::nullopt;
  const auto correct = [&] {
    if (checked_.contains(key)) return true;
    Trial trial(ctx, problem, buffers);
    return is_correct(ctx, named[0], problem, trial);
  };
  REVUNET_EXPECTS(
      !named.empty() && correct(), Error,
      "[conv3d] expected cuDNN's algorithm {} for {}, as it was chosen before, got {}; remove `conv-algorithms`'s "
      "file, or use the cuDNN and the GPU that it was written with",
      name, key, named.empty() ? "none of that name" : "other results than it should have");
  checked_.insert(key);
  return std::move(named[0]);
}

std::optional<ConvolutionAlgorithms::Timed> ConvolutionAlgorithms::fastest(const Context& ctx,
                                                                           const ConvolutionProblem& problem,
                                                                           const AlgorithmLimits& limits,
                                                                           AlgorithmForm form, Trial& trial) {
  std::vector<CudnnAlgorithm> offered = cudnn_algorithms(AlgorithmTarget(handle_), problem, limits, form);
  std::vector<std::pair<double, size_t>> times;
  for (size_t i = 0; i < std::min(offered.size(), kMostTimed); ++i) {
    times.emplace_back(milliseconds(ctx, offered[i], trial.buffers), i);
  }
  std::ranges::sort(times);
  for (const auto& [time, i] : times) {
    if (is_correct(ctx, offered[i], problem, trial)) return Timed{time, std::move(offered[i])};
  }
  return std::nullopt;
}

bool ConvolutionAlgorithms::is_correct(const Context& ctx, const CudnnAlgorithm& algorithm,
                                       const ConvolutionProblem& problem, Trial& trial) {
  if (trial.scratch) fill_zero(trial.scratch);
  execute(ctx, algorithm, trial.buffers);
  return sampled_error(ctx, problem, trial.buffers) <= kLargestError;
}

double ConvolutionAlgorithms::milliseconds(const Context& ctx, const CudnnAlgorithm& algorithm,
                                           const ConvolutionBuffers& buffers) {
  Event begin, end;
  execute(ctx, algorithm, buffers);
  begin.record(stream_of(ctx));
  for (int i = 0; i < kTimedRuns; ++i) execute(ctx, algorithm, buffers);
  end.record(stream_of(ctx));
  return end.milliseconds_since(begin) / kTimedRuns;
}

}  // namespace revunet::cuda
