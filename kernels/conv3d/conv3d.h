// This is 3-D convolution, 3x3x3 with padding 1 or 1x1x1, stride 1, on channels that may lie in several tensors.
//
//   y[n,d,h,w,o] = b[o] + sum over kd,kh,kw,i of x[n,d+kd-p,h+kh-p,w+kw-p,i] * weight[o,kd,kh,kw,i],  p = (k - 1) / 2
//
// x comes in equal parts (N, D, H, W, I / parts), and y in equal parts (N, D, H, W, O / parts). weight is (O, k, k, k,
// I), bias (O). The parts are read and written in place: a reversible stream is never concatenated. Backward keeps x.
// Memory (tag workspace): packed copies of a block of the weights, oneDNN's scratchpad or our own packed rows (about
// 1 MiB for each thread), and for the weights' gradient the partial sums of at most 16 slabs of the volume. Results have
// the same bits at any number of threads.
// On the CPU, kernels of 3x3x3 run through our own loops where the processor has AMX (cpu/amx/forward.h), but for f64.
// Else f32 and, on processors with AVX-512 BF16, bf16 run through oneDNN, with the residual in its sum post-op. f64,
// other bf16 and weight gradients run through our own loops (cpu/conv3d_direct.h).
// In bf16, x, y and their gradients are bf16. Weights stay f32 and are rounded to bf16 as operands. Sums are f32 and
// are rounded once for each part of the input, and so are the gradients of weights and biases. Mixed is like bf16, but
// conv3d_forward's y is f32, and its sums are not rounded.
// Source: cross-correlation as torch.nn.functional.conv3d.
#pragma once

#include <span>

#include "engine/on_device.h"
#include "engine/tape.h"
#include "kernels/group_norm_leaky_relu/normed_activation.h"
#include "kernels/write_mode.h"

namespace revunet {

// Splits O equally over `out_parts` tensors. `bias` may be nullptr.
std::vector<Variable> conv3d(const Context& ctx, std::vector<Variable> x, Parameter& weight, Parameter* bias,
                             int out_parts = 1);

// Runs the whole backward: gradients of weight, bias (may be nullptr) and, where slots ask for them, of the parts of x.
// x is consumed: its memory may serve for the gradients.
void conv3d_backward(const Context& ctx, std::vector<Tensor> x, std::span<const int> slots, Parameter& weight,
                     Parameter* bias, std::span<const Tensor> dy, Gradients& gradients);

// bias may be nullptr, and must be with any mode but overwrite.
void conv3d_forward(const Context& ctx, std::span<const Tensor> x, const Tensor& weight, const Tensor* bias,
                    std::span<Tensor> y, Write mode);
// Sets or adds to dx the transposed convolution of dy. Parts that are undefined tensors are not computed.
void conv3d_backward_data(const Context& ctx, std::span<const Tensor> dy, const Tensor& weight, std::span<Tensor> dx,
                          Write mode);
// Adds to dweight the gradient of the weight.
void conv3d_backward_weight(const Context& ctx, std::span<const Tensor> x, std::span<const Tensor> dy, Tensor& dweight);
// Adds to dbias the sum of dy over N, D, H, W.
void conv3d_backward_bias(const Context& ctx, std::span<const Tensor> dy, Tensor& dbias);

// These are conv3d_forward and conv3d_backward_weight for the values of x, in one part. A CUDA device, and a CPU with
// AMX, may normalise x as they load it. Then x has no values afterwards, unless it had them before.
void normed_conv3d_forward(const Context& ctx, NormedActivation& x, const Tensor& weight, Tensor& y, Write mode);
void normed_conv3d_backward_weight(const Context& ctx, NormedActivation& x, const Tensor& dy, Tensor& dweight);

REVUNET_KERNEL(conv3d_forward)
REVUNET_KERNEL(conv3d_backward_data)
REVUNET_KERNEL(conv3d_backward_weight)
REVUNET_KERNEL(conv3d_backward_bias)
REVUNET_KERNEL(normed_conv3d_forward)
REVUNET_KERNEL(normed_conv3d_backward_weight)

}  // namespace revunet
