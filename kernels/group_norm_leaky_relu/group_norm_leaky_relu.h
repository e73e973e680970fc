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

REVUNET_KERNEL(group_norm_statistics)
REVUNET_KERNEL(group_norm_leaky_relu_forward)
REVUNET_KERNEL(group_norm_leaky_relu_backward)

}  // namespace revunet
