// These are convolution loops of our own, for one input part and one output part: f64 forward, bf16 forward where
// oneDNN has none, and weight gradients of any type. Each thread widens bf16 to f32 row by row, in its own buffer.
//
// Weight gradients are here for f32 too. oneDNN splits their sum by the number of threads, so its bits change with that
// number, and on AVX2 it runs them through an explicit im2col at half the speed.
#pragma once

#include "engine/tensor.h"

namespace revunet::conv3d_detail {

// w is packed as (k, k, k, I, O rounded up to whole vectors). Sets y (N, D, H, W, O) = conv(x (N, D, H, W, I), w) +
// bias (O), or y += conv(x, w). bias may be nullptr. The types X and Y of x and y are equal, or bf16 and f32.
template <class X, class Y>
void direct_forward(const Tensor& x, const Compute<X>* w, const Compute<X>* bias, int64_t k, Tensor& y, bool add);

// Returns the channels O of a packed weight, rounded up to whole vectors of T, which is f32 or f64.
template <class T>
int64_t padded_channels(int64_t channels);

// Adds to rows [o0, o0 + O) and columns [i0, i0 + I) of dw (O_all, k, k, k, I_all):
//   dw[o, tap, i] += sum over voxels of dy[voxel, o] * x[voxel + tap, i].
template <class T>
void direct_backward_weight_add(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dw, int64_t o0,
                                int64_t i0);

}  // namespace revunet::conv3d_detail
