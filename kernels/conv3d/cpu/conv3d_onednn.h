// This is f32 and bf16 convolution through oneDNN, for one input part and one output part, in its plain NDHWC format.
//
// The Device compiles and keeps one primitive per shape. Only forward primitives are used: a backward-data pass is a
// forward pass over flipped weights, and that has the sum post-op, which oneDNN's own backward lacks.
#pragma once

#include "engine/tensor.h"

namespace revunet::conv3d_detail {

// Returns whether the processor multiplies bf16 natively. oneDNN then uses that.
bool onednn_has_bf16();

// w is packed as (k, k, k, I, O). Sets y = conv(x, w) + bias[first_bias, first_bias + O), or y += conv(x, w). bias may
// be nullptr. x and y are f32. Where oneDNN can, both may be bf16, or x alone. The others are f32; w holds values that
// bf16 can represent where it is rounded to bf16.
void onednn_forward(const Context& ctx, const Tensor& x, const Tensor& w, const Tensor* bias, int64_t first_bias,
                    Tensor& y, bool add);

}  // namespace revunet::conv3d_detail
