// This is max-pooling over windows of 2 voxels along each axis that is halved, and of 1 along the others. Where all are
// halved, y[n,d,h,w,c] = max of x[n,2d+i,2h+j,2w+k,c] over i, j, k in {0, 1}.
//
// x is (N, D, H, W, C), even along halved axes; y is (N, D/2, H/2, W/2, C), with x's extent along the others. Backward
// keeps x and finds the maximum again, so that no indices are stored. It passes dy to the first maximum in (i, j, k)
// order. NaN counts as larger than any number, and the last NaN of a window counts as its maximum. Throws UsageError
// for an odd extent along a halved axis, and Error where the shapes do not fit. Source: as
// torch.nn.functional.max_pool3d(x, (2, 2, 2)), or (1, 2, 2) and so on, ties and NaN included.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"
#include "kernels/halved_axes.h"

namespace revunet {

Variable max_pool3d(const Context& ctx, Variable x, const HalvedAxes& axes = kAllAxes);

// Returns y's shape. Throws UsageError where x is odd along a halved axis, and Error where no axis is halved.
Shape max_pool3d_shape(const Shape& x, const HalvedAxes& axes = kAllAxes);

void max_pool3d_forward(const Context& ctx, const Tensor& x, Tensor& y);
// Overwrites all of dx, zeros included. With accumulate, adds to dx instead.
void max_pool3d_backward(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dx, bool accumulate);

REVUNET_KERNEL(max_pool3d_forward)
REVUNET_KERNEL(max_pool3d_backward)

}  // namespace revunet
