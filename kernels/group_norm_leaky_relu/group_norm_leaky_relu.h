// This is GroupNorm, fused with the LeakyReLU that follows it.
//
//   z = (x - mean) / sqrt(var + eps) * gamma + beta,  y = z > 0 ? z : slope * z
//
// mean and var (of the population) are over the D, H, W and the C / groups channels of a group, for each n. x and y are
// (N, D, H, W, C); gamma and beta are (C). slope = 1 gives plain GroupNorm. Backward keeps x and two numbers per group.
// Statistics are gathered in double, each channel in chunks about the chunk's own mean. They are combined without
// E[x^2] - mean^2, so that a small variance on a large mean survives. Results have the same bits at any number of
// threads.
// Sources: Wu and He (ECCV 2018); combination of means: Chan, Golub and LeVeque (1979); eps as in PyTorch.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"
#include "kernels/leaky_relu/leaky_relu.h"

namespace revunet {

inline constexpr double kGroupNormEpsilon = 1e-5;
inline constexpr double kNoLeakyRelu = 1.0;  // the slope that makes LeakyReLU the identity

struct GroupNorm {
  Parameter& gamma;  // (C)
  Parameter& beta;   // (C)
  int64_t groups;    // must divide C, otherwise UsageError
};

Variable group_norm_leaky_relu(const Context& ctx, Variable x, const GroupNorm& norm, double slope = kLeakyReluSlope);
inline Variable group_norm(const Context& ctx, Variable x, const GroupNorm& norm) {
  return group_norm_leaky_relu(ctx, std::move(x), norm, kNoLeakyRelu);
}

// Returns (N, groups, 2): mean and 1 / sqrt(var + eps) of each group, in the compute type of x.
Tensor group_norm_statistics(const Context& ctx, const Tensor& x, int64_t groups);

// y may be x. Where x is f32, y and dy may be bf16: in mixed precision a convolution multiplies y in bf16, and dy is
// its gradient.
void group_norm_leaky_relu_forward(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                   const Tensor& beta, double slope, Tensor& y);
// Adds to dgamma and dbeta. Overwrites dx, or adds to it with accumulate. dx may be dy.
void group_norm_leaky_relu_backward(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                    const Tensor& beta, double slope, const Tensor& dy, Tensor& dx, bool accumulate,
                                    Tensor& dgamma, Tensor& dbeta);

// These three do the same for a volume whose dy comes in parts, one after another and then once more. First, the sums
// of every part are made: sums is (parts, N, 2, dy.channel_stride()), f64. It gets those of dz and dz * xhat over the
// part's voxels, where dz is the gradient of z.
void group_norm_gradient_sums(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                              const Tensor& beta, double slope, const Tensor& dy, Tensor& sums, int64_t part);
// Then they are added in order. Adds to dgamma and dbeta, and returns what every voxel's gradient is corrected by
// (workspace). `voxels` are those of the whole volume.
Tensor group_norm_corrections(const Context& ctx, const Tensor& sums, const Tensor& statistics, const Tensor& gamma,
                              int64_t voxels, Tensor& dgamma, Tensor& dbeta);
// Then each part's dx can be computed.
void group_norm_leaky_relu_corrected(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                     const Tensor& beta, double slope, const Tensor& dy, const Tensor& corrections,
                                     Tensor& dx, bool accumulate);

REVUNET_KERNEL(group_norm_statistics)
REVUNET_KERNEL(group_norm_leaky_relu_forward)
REVUNET_KERNEL(group_norm_gradient_sums)
REVUNET_KERNEL(group_norm_corrections)
REVUNET_KERNEL(group_norm_leaky_relu_corrected)

}  // namespace revunet
