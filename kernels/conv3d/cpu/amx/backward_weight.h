// This is the gradient of a convolution's weights on AMX, for one input part and one output part.
//
// It is a product of matrices whose sum runs over voxels: channels of x by voxels, times voxels by channels of dy. The
// volume is cut into slabs of planes by its shape alone. One thread sums up a slab, and slabs are added in order. So
// the gradient has the same bits at any number of threads.
#pragma once

#include "kernels/conv3d/cpu/amx/input_rows.h"

namespace revunet::amx {

// Adds to rows [o0, o0 + O) and columns [i0, i0 + I) of dweight (O_all, k, k, k, I_all), which is f32. x and dy are
// multiplied as `operands` (f32 or bf16). dy has a kernel of one voxel.
void add_weight_gradient(const Context& ctx, const InputRows& x, const InputRows& dy, DType operands, Tensor& dweight,
                         int64_t o0, int64_t i0);

}  // namespace revunet::amx
