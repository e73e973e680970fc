#include "kernels/conv3d/cuda/conv3d_mma_norm.h"

#include "engine/cuda/launch.h"

namespace revunet::cuda {

namespace {

// A Norm is a norm of C channels in groups of per_group. statistics is (N, groups, 2): mean and 1 / sqrt(var + eps).
struct Norm {
  int64_t C, per_group;
  const float *statistics, *gamma, *beta;
};

// Sets to (N, padded).
__global__ void channels_kernel(Norm norm, int64_t count, int64_t padded, NormChannel* to) {
  const int64_t i = grid_thread();
  if (i >= count) return;
  const int64_t n = i / padded, c = i % padded;
  to[i] = {0, 0, 0};
  if (c >= norm.C) return;
  const float* of_group = norm.statistics + 2 * (n * (norm.C / norm.per_group) + c / norm.per_group);
  to[i] = {of_group[0], of_group[1] * norm.gamma[c], norm.beta[c]};
}

}  // namespace

void expect_fits(const MmaNorm& norm, const ConvolutionProblem& p) {
  const bool types = norm.x == p.operands || norm.x == DType::f32;
  REVUNET_EXPECTS(
      types && p.direction != Direction::backward_data && (p.direction != Direction::forward || norm.x == p.result),
      Error, "[conv3d] expected a norm of x, of y's type in forward and else of f32 or the operands', got {} in {}",
      name_of(norm.x), describe(p));
  REVUNET_EXPECTS(
      p.I * size_of(p.operands) % kPackBytes == 0 && norm.gamma.elements() <= p.I && norm.statistics.shape()[0] == p.N,
      Error,
      "[conv3d] expected whole packs of operands, gamma within them, and statistics of each batch "
      "element, got gamma {} and statistics {} in {}",
      norm.gamma.shape().to_string(), norm.statistics.shape().to_string(), describe(p));
}

Tensor norm_channels(const Context& ctx, const MmaNorm& norm, int64_t channels) {
  constexpr int64_t kThreads = 128;
  const int64_t N = norm.statistics.shape()[0], groups = norm.statistics.shape()[1], C = norm.gamma.elements();
  Tensor to(ctx.for_workspace(), {N, channels, sizeof(NormChannel) / sizeof(float)}, DType::f32);
  launch(ctx, blocks_for(N * channels, kThreads), dim3(kThreads), channels_kernel,
         Norm{C, C / groups, norm.statistics.data<float>(), norm.gamma.data<float>(), norm.beta.data<float>()},
         N * channels, channels, reinterpret_cast<NormChannel*>(to.address()));
  return to;
}

}  // namespace revunet::cuda
