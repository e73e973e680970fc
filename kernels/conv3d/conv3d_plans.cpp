#include "kernels/conv3d/conv3d_plans.h"

#include <algorithm>
#include <utility>

#include "engine/cuda/launch.h"
#include "engine/tensor.h"
#include "kernels/conv3d/conv3d_check.h"

namespace revunet::cuda {

namespace {

constexpr size_t kMostTimed = 8;  // plans; the heuristics' order is good, if not perfect
constexpr int kTimedRuns = 2;     // after one that is not timed
// A wrong kernel is off by the size of the result. TF32 and bf16 products round to 2^-11 and 2^-9 of each term.
constexpr double kLargestError = 0.02;

class Event {
 public:
  Event() { REVUNET_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDefault)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  operator cudaEvent_t() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

std::string describe(const ConvolutionProblem& p, const PlanLimits& limits) {
  const char* direction = p.direction == Direction::forward         ? "forward"
                          : p.direction == Direction::backward_data ? "backward data"
                                                                    : "backward weight";
  const std::string types =
      p.operands == p.result ? name_of(p.operands) : fmt::format("{} to {}", name_of(p.operands), name_of(p.result));
  return fmt::format("{} {}, x ({}, {}, {}, {}, {}), {} output channels, kernel {}, within {} KiB of workspace{}{}",
                     direction, types, p.N, p.D, p.H, p.W, p.I, p.O, p.k, limits.workspace >> 10,
                     limits.deterministic ? ", deterministic" : "", limits.strict_fp32 ? ", strict fp32" : "");
}

Tensor workspace(const Context& ctx, size_t bytes) {
  return {ctx.with_tag(Tag::workspace), {std::max<int64_t>(1, static_cast<int64_t>((bytes + 3) / 4))}, DType::f32};
}

}  // namespace

// What plans are tried on: the operands at hand, but what the convolution would add to stays as it is.
struct ConvolutionPlans::Trial {
  Trial(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionOperands& given) : operands(given) {
    if (problem.beta == 0) return;
    scratch = workspace(ctx, static_cast<size_t>(problem.result_elements() * size_of(problem.result)));
    operands.result(problem.direction) = scratch.data<float>();
  }
  ConvolutionOperands operands;
  Tensor scratch;
};

struct ConvolutionPlans::Timed {
  double milliseconds;
  CudnnPlan plan;
};

ConvolutionPlans::ConvolutionPlans() {
  REVUNET_CUDNN_CHECK(cudnnCreate(&handle_));
}

ConvolutionPlans::~ConvolutionPlans() {
  plans_.clear();
  cudnnDestroy(handle_);
}

void ConvolutionPlans::run(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionOperands& operands,
                           const PlanLimits& limits) {
  REVUNET_CUDNN_CHECK(cudnnSetStream(handle_, stream_of(ctx)));
  auto found = plans_.find({problem, limits});
  if (found == plans_.end()) {
    found = plans_.emplace(std::pair(problem, limits), choose(ctx, problem, operands, limits)).first;
  }
  execute(ctx, found->second, operands);
}

void ConvolutionPlans::execute(const Context& ctx, const CudnnPlan& plan, const ConvolutionOperands& operands) {
  Tensor memory = workspace(ctx, plan.workspace());
  plan.run(handle_, operands, memory.data<float>());
}

// A choice for a shape serves every alpha and beta that its plan can; for others there is a choice of their own.
CudnnPlan ConvolutionPlans::choose(const Context& ctx, const ConvolutionProblem& problem,
                                   const ConvolutionOperands& operands, const PlanLimits& limits) {
  std::optional<Trial> made;  // where there is something to try: it can take memory
  const auto trial = [&]() -> const Trial& { return made ? *made : made.emplace(ctx, problem, operands); };
  KernelChoices& choices = ctx.device.kernel_choices();
  const std::string shape = describe(problem, limits);
  const bool plain = problem.alpha == 1 && problem.beta == 0;
  const std::string own = plain ? shape : fmt::format("{}, alpha {}, beta {}", shape, problem.alpha, problem.beta);
  for (const std::string& key : {own, shape}) {
    const auto known = choices.find(key);
    if (known == choices.end()) continue;
    auto named = cudnn_plans(PlanTarget(handle_), problem, limits, form_of(known->second), known->second);
    if (named.empty() && key != own) continue;
    const bool correct = !named.empty() && (checked_.contains(key) || is_correct(ctx, named[0], problem, trial()));
    REVUNET_EXPECTS(correct, Error,
                    "[conv3d] expected cuDNN's plan {} for {}, as it was chosen before, got {}; remove --plan-cache's "
                    "file, or use the cuDNN and the GPU that it was written with",
                    known->second, key, named.empty() ? "none of that name" : "other results than it should have");
    checked_.insert(key);
    return std::move(named[0]);
  }

  std::optional<Timed> best = fastest(ctx, problem, limits, PlanForm::plain, trial());
  if (!best || (!best->plan.tensor_cores() && !limits.strict_fp32)) {
    std::optional<Timed> fused = fastest(ctx, problem, limits, PlanForm::fused, trial());
    if (fused && (!best || fused->milliseconds < best->milliseconds)) best = std::move(fused);
  }
  const std::string& key = choices.contains(shape) ? own : shape;
  REVUNET_EXPECTS(best, Error,
                  "[conv3d] expected a cuDNN plan that computes {}, got none; allow more --conv-workspace, or use "
                  "another version of cuDNN",
                  own);
  choices[key] = best->plan.name();
  checked_.insert(key);
  return std::move(best->plan);
}

std::optional<ConvolutionPlans::Timed> ConvolutionPlans::fastest(const Context& ctx, const ConvolutionProblem& problem,
                                                                 const PlanLimits& limits, PlanForm form,
                                                                 const Trial& trial) {
  std::vector<CudnnPlan> offered = cudnn_plans(PlanTarget(handle_), problem, limits, form);
  std::vector<std::pair<double, size_t>> times;
  for (size_t i = 0; i < std::min(offered.size(), kMostTimed); ++i) {
    times.emplace_back(milliseconds(ctx, offered[i], trial.operands), i);
  }
  std::ranges::sort(times);
  for (const auto& [time, i] : times) {
    if (is_correct(ctx, offered[i], problem, trial)) return Timed{time, std::move(offered[i])};
  }
  return std::nullopt;
}

bool ConvolutionPlans::is_correct(const Context& ctx, const CudnnPlan& plan, const ConvolutionProblem& problem,
                                  const Trial& trial) {
  if (trial.scratch) {
    Tensor scratch = trial.scratch;
    fill_zero(scratch);
  }
  execute(ctx, plan, trial.operands);
  return sampled_error(ctx, problem, trial.operands) <= kLargestError;
}

double ConvolutionPlans::milliseconds(const Context& ctx, const CudnnPlan& plan, const ConvolutionOperands& operands) {
  const Event begin, end;
  execute(ctx, plan, operands);
  REVUNET_CUDA_CHECK(cudaEventRecord(begin, stream_of(ctx)));
  for (int i = 0; i < kTimedRuns; ++i) execute(ctx, plan, operands);
  REVUNET_CUDA_CHECK(cudaEventRecord(end, stream_of(ctx)));
  REVUNET_CUDA_CHECK(cudaEventSynchronize(end));
  float elapsed = 0;
  REVUNET_CUDA_CHECK(cudaEventElapsedTime(&elapsed, begin, end));
  return static_cast<double>(elapsed) / kTimedRuns;
}

}  // namespace revunet::cuda
