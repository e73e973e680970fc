#include "kernels/conv3d/cuda/conv3d_mma_norm.h"

#include "engine/cuda/launch.h"
#include "kernels/conv3d/cuda/conv3d_mma.h"

namespace revunet::cuda {

namespace {

constexpr int64_t kThreads = 128;

// Sets to (3, padded).
__global__ void __launch_bounds__(kThreads) channels_kernel(Norm norm, int64_t padded, float* to) {
  const int64_t c = grid_thread();
  if (c >= padded) return;
  const NormChannel of = norm.channel(c);
  to[c] = of.mean;
  to[padded + c] = of.scale;
  to[2 * padded + c] = of.shift;
}

}  // namespace

void expect_fits(const NormedActivation& normed, const ConvolutionProblem& p) {
  const Tensor& x = normed.x();
  REVUNET_EXPECTS(p.normed_from == x.dtype() && p.direction != Direction::backward_data, Error,
                  "[conv3d] expected a convolution of a norm of {}, got {}", name_of(x.dtype()), describe(p));
  REVUNET_EXPECTS(p.direction != Direction::forward || p.result == x.dtype(), Error,
                  "[conv3d] expected a result of the type that is normalised, {}, got {}", name_of(x.dtype()),
                  describe(p));
  const auto [N, D, H, W, C] = activation(x.shape());
  REVUNET_EXPECTS(N == p.N && D == p.D && H == p.H && W == p.W && x.channel_stride() == p.I, Error,
                  "[conv3d] expected the norm of a tensor of the problem's extents, got {}, {} channels with padding, "
                  "in {}",
                  x.spec().to_string(), x.channel_stride(), describe(p));
}

size_t mma_norm_workspace(const ConvolutionProblem& p) {
  return static_cast<size_t>(p.N * 3 * p.I) * sizeof(float);
}

Tensor norm_channels(const Context& ctx, const NormedActivation& normed, const ConvolutionProblem& p) {
  const auto& [statistics, gamma, beta, slope] = normed.norm();
  Tensor to(ctx.for_workspace(), {p.N, 3, p.I}, DType::f32);
  for (int64_t n = 0; n < p.N; ++n) {
    launch(ctx, blocks_for(p.I, kThreads), dim3(kThreads), channels_kernel,
           norm_of(statistics, n, gamma, beta.data<float>(), slope), p.I, to.data<float>() + n * 3 * p.I);
  }
  return to;
}

}  // namespace revunet::cuda
