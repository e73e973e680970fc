// LeakyReLU is y = x where x > 0, else slope * x. It takes any shape and layout.
//
// Backward keeps y, not x: with slope > 0 the sign of y is the sign of x, so y may take x's place. Source: Maas, Hannun
// and Ng (2013); the gradient at 0 is slope, as in PyTorch.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"

namespace revunet {

inline constexpr double kLeakyReluSlope = 0.01;  // PyTorch's default, which the paper's networks use

// The result lies in x's own memory where nobody shares it, otherwise in new memory.
Variable leaky_relu(const Context& ctx, Variable x, double slope = kLeakyReluSlope);

// y may be x. dx may be dy. With accumulate, adds to dx instead.
void leaky_relu_forward(const Context& ctx, const Tensor& x, double slope, Tensor& y);
void leaky_relu_backward(const Context& ctx, const Tensor& y, const Tensor& dy, double slope, Tensor& dx,
                         bool accumulate);

REVUNET_KERNEL(leaky_relu_forward)
REVUNET_KERNEL(leaky_relu_backward)

}  // namespace revunet
