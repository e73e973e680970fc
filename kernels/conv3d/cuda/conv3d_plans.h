// Which cuDNN plan runs a convolution: the fastest of those within the limits, chosen once a shape and device.
//
// Rule: a plan is timed on the operands at hand, on a scratch result where the convolution would add to what is there,
// and the chosen one is checked against plain sums before anything relies on it. Convolutions that differ in alpha and
// beta alone run the same plan where that can, so that what backward subtracts has the bits of what forward added. A
// plan that is among the device's kernel choices is not timed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/context.h"
#include "kernels/conv3d/cuda/conv3d_cudnn.h"

namespace revunet::cuda {

class ConvolutionPlans {
 public:
  ConvolutionPlans();
  ~ConvolutionPlans();
  ConvolutionPlans(const ConvolutionPlans&) = delete;
  ConvolutionPlans& operator=(const ConvolutionPlans&) = delete;

  // Error where no plan is within the limits, or none computes what it should.
  void run(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionOperands& operands,
           const PlanLimits& limits);

 private:
  struct Trial;
  struct Timed;

  CudnnPlan choose(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionOperands& operands,
                   const PlanLimits& limits);
  // The one chosen for `key`, checked; where cuDNN does not offer it, Error if `required`, else nothing.
  std::optional<CudnnPlan> known_plan(const Context& ctx, const ConvolutionProblem& problem,
                                      const ConvolutionOperands& operands, const PlanLimits& limits,
                                      const std::string& key, bool required);
  // The fastest that is offered in one form and correct; nothing where none is.
  std::optional<Timed> fastest(const Context& ctx, const ConvolutionProblem& problem, const PlanLimits& limits,
                               PlanForm form, Trial& trial);
  bool is_correct(const Context& ctx, const CudnnPlan& plan, const ConvolutionProblem& problem, Trial& trial);
  void execute(const Context& ctx, const CudnnPlan& plan, const ConvolutionOperands& operands);
  double milliseconds(const Context& ctx, const CudnnPlan& plan, const ConvolutionOperands& operands);

  cudnnHandle_t handle_ = nullptr;
  std::map<std::pair<ConvolutionProblem, PlanLimits>, CudnnPlan> plans_;
  std::set<std::string> checked_;  // kernel choices whose results were compared with plain sums
};

}  // namespace revunet::cuda
