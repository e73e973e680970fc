// This is trilinear upsampling by 2 (half-pixel centres) along the axes that were halved, alone or added to a skip.
//
// Along each of these axes, with indices clamped to the extent:
//   y[2i] = 0.25 x[i-1] + 0.75 x[i],   y[2i+1] = 0.75 x[i] + 0.25 x[i+1]
// Along the others, y[i] = x[i]. x is (N, D, H, W, C) with any extents; y is (N, 2D, 2H, 2W, C), with x's extent along
// axes that were not halved. It is linear, so backward keeps nothing. Its adjoint, per axis that was halved:
//   dx[i] = 0.25 dy[2i-1] + 0.75 dy[2i] + 0.75 dy[2i+1] + 0.25 dy[2i+2]
// with dy's indices clamped: what the clamp gives to the edges in forward, it returns here. Memory: each thread has a
// row of y on the heap. Throws Error where the shapes or types do not fit, and on CUDA where a slice of y has 2^31
// elements or more.
// Source: as torch.nn.functional.interpolate(scale_factor=(2, 2, 2), mode="trilinear", align_corners=False), or
// scale_factor=(1, 2, 2) and so on.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"
#include "kernels/halved_axes.h"
#include "kernels/write_mode.h"

namespace revunet {

Variable upsample_trilinear(const Context& ctx, Variable x, const HalvedAxes& axes = kAllAxes);
// Computes y = up(low) + skip, in skip's own memory where nobody shares it, otherwise in new memory. The axes follow
// from the two shapes.
Variable upsample_trilinear_add(const Context& ctx, Variable low, Variable skip);

// Returns y's shape.
Shape upsample_trilinear_shape(const Shape& x, const HalvedAxes& axes = kAllAxes);

void upsample_trilinear_forward(const Context& ctx, const Tensor& x, Tensor& y, Write mode);
// Computes y = up(x) + skip. y may be skip.
void upsample_trilinear_add_forward(const Context& ctx, const Tensor& x, const Tensor& skip, Tensor& y);
// Overwrites dx. With accumulate, adds to dx instead.
void upsample_trilinear_backward(const Context& ctx, const Tensor& dy, Tensor& dx, bool accumulate);

REVUNET_KERNEL(upsample_trilinear_forward)
REVUNET_KERNEL(upsample_trilinear_add_forward)
REVUNET_KERNEL(upsample_trilinear_backward)

}  // namespace revunet
