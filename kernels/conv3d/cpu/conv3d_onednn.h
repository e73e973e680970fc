// f32 and bf16 convolution through oneDNN, for one input part and one output part, in its plain NDHWC format.
//
// One primitive a shape is compiled and kept by the Device. Only forward primitives are used: a backward-data pass is a
// forward pass over flipped weights, and that has the sum post-op, which oneDNN's own backward lacks.
#pragma once

#include "engine/tensor.h"

namespace revunet::conv3d_detail {

// Whether the processor multiplies bf16 by itself, which oneDNN then uses.
bool onednn_has_bf16();

// w packed (k, k, k, I, O). y = conv(x, w) + bias[first_bias, first_bias + O), or y += conv(x, w). bias may be nullptr.
// x and y f32, or where oneDNN has that bf16 or x alone; the others f32, w of values that bf16 holds where it is
// rounded to it.
void onednn_forward(const Context& ctx, const Tensor& x, const Tensor& w, const Tensor* bias, int64_t first_bias,
                    Tensor& y, bool add);

}  // namespace revunet::conv3d_detail
