#include "kernels/conv3d/cuda/conv3d_algorithms.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/cuda/event.h"
#include "engine/cuda/optional_libraries.h"
#include "kernels/conv3d/cuda/conv3d_cudnn.h"
#include "kernels/conv3d/cuda/conv3d_mma_algorithm.h"
#include "kernels/group_norm_leaky_relu/normed_activation.h"

namespace revunet::cuda {

namespace {

// Returns the problem's name among the device's kernel choices.
std::string key_of(const ConvolutionProblem& p, const AlgorithmLimits& limits) {
  return fmt::format("{}, within {} KiB of workspace{}{}", describe(p), limits.workspace >> 10,
                     limits.arithmetic.deterministic ? ", deterministic" : "",
                     limits.arithmetic.strict_fp32 ? ", strict fp32" : "");
}

// Returns the problems that differ from this one in alpha and beta only.
std::vector<ConvolutionProblem> same_shape(const ConvolutionProblem& p) {
  constexpr std::array<std::pair<int, int>, 3> kScales = {{{1, 0}, {1, 1}, {-1, 1}}};
  std::vector<ConvolutionProblem> others;
  for (const auto& [alpha, beta] : kScales) {
    ConvolutionProblem& other = others.emplace_back(p);
    other.alpha = alpha, other.beta = beta;
  }
  std::erase(others, p);
  return others;
}

std::string advice() {
  const std::string reason = load_nvrtc();
  if (reason.empty()) return "allow more `conv-workspace`, or use another version of cuDNN";
  return fmt::format(
      "cuDNN compiles some algorithms with NVRTC, which it cannot load: {}; install NVRTC, or name its "
      "folder in LD_LIBRARY_PATH",
      reason);
}

}  // namespace

bool is_worth_compiling_for(const ConvolutionProblem& p) {
  constexpr double kManyFlops = 20e9;
  return p.flops() > kManyFlops;
}

void ConvolutionAlgorithms::run(const Context& ctx, const ConvolutionProblem& problem,
                                const ConvolutionBuffers& buffers, const AlgorithmLimits& limits) {
  REVUNET_CUDNN_CHECK(cudnnSetStream(handle_, stream_of(ctx)));
  auto found = algorithms_.find({problem, limits});
  if (found == algorithms_.end()) {
    AlgorithmTrial trial(ctx, problem, buffers, key_of(problem, limits));
    found = algorithms_.emplace(std::pair(problem, limits), choose(ctx, trial, problem, limits)).first;
    trial.restore();
  }
  if (buffers.normed && !found->second->normalises()) buffers.normed->values(ctx);
  found->second->run(ctx, buffers);
}

AlgorithmPointer ConvolutionAlgorithms::choose(const Context& ctx, AlgorithmTrial& trial,
                                               const ConvolutionProblem& problem, const AlgorithmLimits& limits) {
  KernelChoices& choices = ctx.device.kernel_choices();
  AlgorithmTarget target(handle_, ctx.device);
  const auto without_memory = [&] { return target.out_of_memory() ? "cuDNN" : trial.library_without_memory(); };
  const std::string key = key_of(problem, limits);
  if (const auto chosen = choices.find(key); chosen != choices.end()) {
    auto known = correct_one(target, trial, problem, limits, chosen->second);
    if (!known && !without_memory().empty()) ctx.device.allocator().refuse_library(without_memory());
    REVUNET_EXPECTS(known, Error,
                    "[conv3d] expected {} algorithm {} for {}, as it was chosen before, got none of that name, or "
                    "other results than it should have; remove `conv-algorithms`'s file, or use the cuDNN and the GPU "
                    "that it was written with",
                    is_own(chosen->second) ? "our own" : "cuDNN's", chosen->second, key);
    return known;
  }
  AlgorithmPointer best;
  for (const ConvolutionProblem& other : same_shape(problem)) {
    const auto chosen = choices.find(key_of(other, limits));
    if (!best && chosen != choices.end()) best = correct_one(target, trial, problem, limits, chosen->second);
  }
  if (!best && without_memory().empty()) {
    try_all(ctx, target, trial, problem, limits);
    if (trial.any_correct()) best = trial.take_fastest();
  }
  if (!best && !without_memory().empty()) ctx.device.allocator().refuse_library(without_memory());
  REVUNET_EXPECTS(best, Error, "[conv3d] expected an algorithm that computes {}, got none; {}", key, advice());
  choices[key] = best->name();
  return best;
}

AlgorithmPointer ConvolutionAlgorithms::correct_one(AlgorithmTarget& target, AlgorithmTrial& trial,
                                                    const ConvolutionProblem& problem, const AlgorithmLimits& limits,
                                                    const std::string& name) {
  std::vector<AlgorithmPointer> offered;
  if (is_own(name)) {
    offered = mma_algorithms(problem, limits);
  } else {
    for (CudnnAlgorithm& a : cudnn_algorithms(target, problem, limits, form_of(name), name)) {
      offered.push_back(std::make_unique<CudnnAlgorithm>(std::move(a)));
    }
  }
  const auto found = std::ranges::find(offered, name, [](const AlgorithmPointer& a) { return a->name(); });
  return found != offered.end() && trial.is_correct(**found) ? std::move(*found) : nullptr;
}

void ConvolutionAlgorithms::try_all(const Context& ctx, AlgorithmTarget& target, AlgorithmTrial& trial,
                                    const ConvolutionProblem& problem, const AlgorithmLimits& limits) {
  // Algorithms without tensor cores are many times slower, so they are tried only where no other one is correct.
  std::vector<AlgorithmPointer> slow;
  const auto try_form = [&](AlgorithmForm form) {
    std::vector<AlgorithmPointer> fast;
    const auto enough = [form](const auto& so_far) {
      return form == AlgorithmForm::fused && so_far.size() == kMostFused;
    };
    for (CudnnAlgorithm& a : cudnn_algorithms(target, problem, limits, form, std::nullopt, enough)) {
      const bool is_fast = a.tensor_cores() || limits.arithmetic.strict_fp32;
      (is_fast ? fast : slow).push_back(std::make_unique<CudnnAlgorithm>(std::move(a)));
    }
    trial.keep_correct(std::move(fast));
  };
  try_form(AlgorithmForm::plain);
  trial.keep_correct(mma_algorithms(problem, limits));
  if (!trial.any_correct() || is_worth_compiling_for(problem)) {
    const std::string reason = load_nvrtc();
    if (!reason.empty()) ctx.device.log("cuDNN compiles no algorithms, because NVRTC cannot be loaded: {}", reason);
    try_form(AlgorithmForm::fused);
  }
  if (!trial.any_correct()) trial.keep_correct(std::move(slow));
}

}  // namespace revunet::cuda
