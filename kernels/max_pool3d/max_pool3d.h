// This is max-pooling over 2x2x2 windows, stride 2: y[n,d,h,w,c] = max of x[n,2d+i,2h+j,2w+k,c] over i, j, k in {0, 1}.
//
// x is (N, D, H, W, C) with even D, H and W; y is (N, D/2, H/2, W/2, C). Backward keeps x and finds the maximum again,
// so that no indices are stored. It passes dy to the first maximum in (i, j, k) order. NaN counts as larger than any
// number, and the last NaN of a window counts as its maximum. Throws UsageError for an odd extent.
// Source: as torch.nn.functional.max_pool3d(x, 2), ties and NaN included.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"

namespace revunet {

Variable max_pool3d(const Context& ctx, Variable x);

// Returns y's shape. Throws UsageError where an extent of x is odd.
Shape max_pool3d_shape(const Shape& x);

void max_pool3d_forward(const Context& ctx, const Tensor& x, Tensor& y);
// Overwrites all of dx, zeros included. With accumulate, adds to dx instead.
void max_pool3d_backward(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dx, bool accumulate);

REVUNET_KERNEL(max_pool3d_forward)
REVUNET_KERNEL(max_pool3d_backward)

}  // namespace revunet
