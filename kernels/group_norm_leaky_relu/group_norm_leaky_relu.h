// GroupNorm, fused with the LeakyReLU that follows it.
//
//   z = (x - mean) / sqrt(var + eps) * gamma + beta,  y = z > 0 ? z : slope * z
//
// mean and var (of the population) over the D, H, W and the C / groups channels of a group, for each n. x, y
// (N, D, H, W, C); gamma, beta (C). slope = 1 gives plain GroupNorm. Backward keeps x and two numbers a group.
// Statistics are gathered in double, each channel in chunks about the chunk's own mean, and combined without
// E[x^2] - mean^2, so that a small variance on a large mean survives. Same bits at any number of threads.
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
  int64_t groups;    // divides C, or UsageError
};

Variable group_norm_leaky_relu(const Context& ctx, Variable x, const GroupNorm& norm, double slope = kLeakyReluSlope);
inline Variable group_norm(const Context& ctx, Variable x, const GroupNorm& norm) {
  return group_norm_leaky_relu(ctx, std::move(x), norm, kNoLeakyRelu);
}

// (N, groups, 2): mean and 1 / sqrt(var + eps) of each group, in the compute type of x's.
Tensor group_norm_statistics(const Context& ctx, const Tensor& x, int64_t groups);

// y may be x. Where x is f32, y and dy may be bf16: what a convolution in mixed precision multiplies, and its gradient.
void group_norm_leaky_relu_forward(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                   const Tensor& beta, double slope, Tensor& y);
// dgamma and dbeta are added to; dx is overwritten, or added to with accumulate. dx may be dy.
void group_norm_leaky_relu_backward(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                    const Tensor& beta, double slope, const Tensor& dy, Tensor& dx, bool accumulate,
                                    Tensor& dgamma, Tensor& dbeta);

REVUNET_KERNEL(group_norm_statistics)
REVUNET_KERNEL(group_norm_leaky_relu_forward)
REVUNET_KERNEL(group_norm_leaky_relu_backward)

}  // namespace revunet
