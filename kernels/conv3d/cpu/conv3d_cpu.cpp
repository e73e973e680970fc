#include <algorithm>

#include "engine/cpu_instructions.h"
#include "kernels/chunks.h"
#include "kernels/conv3d/conv3d.h"
#include "kernels/conv3d/cpu/amx/backward_weight.h"
#include "kernels/conv3d/cpu/amx/forward.h"
#include "kernels/conv3d/cpu/conv3d_direct.h"
#include "kernels/conv3d/cpu/conv3d_onednn.h"
#include "kernels/conv3d/cpu/weight_blocks.h"

namespace revunet::REVUNET_CPU {

namespace {

using namespace conv3d_detail;

// Returns the block as (k, k, k, in, out), padded with zeros to `out_padded`, times `sign`, rounded to operands of type
// T. A transposed convolution has its taps flipped, and in and out exchanged. The tensor is workspace.
template <class T>
Tensor pack(const Context& ctx, const Tensor& weight, const WeightBlock& block, bool transposed, int sign,
            int64_t out_padded) {
  using V = Compute<T>;
  const int64_t k = weight.shape()[1], taps = k * k * k, I_all = weight.shape()[4];
  const int64_t in = transposed ? block.O : block.I, out = transposed ? block.I : block.O;
  Tensor packed(ctx.for_workspace(), {k, k, k, in, out_padded}, dtype_of<V>);
  if (!ctx.device.computes()) return packed;
  const V* from = weight.data<V>() + block.o0 * taps * I_all + block.i0;
  V *to = packed.data<V>(), factor = static_cast<V>(sign);
#pragma omp parallel for
  for (int64_t tap = 0; tap < taps; ++tap) {
    const int64_t from_tap = transposed ? taps - 1 - tap : tap;
    const int64_t in_stride = transposed ? taps * I_all : 1, out_stride = transposed ? 1 : taps * I_all;
    for (int64_t i = 0; i < in; ++i) {
      const V* source = from + from_tap * I_all + i * in_stride;
      V* row = to + (tap * in + i) * out_padded;
      for (int64_t o = 0; o < out; ++o) row[o] = factor * static_cast<T>(source[o * out_stride]);
      std::fill(row + out, row + out_padded, V{0});
    }
  }
  return packed;
}

// A kernel of one voxel does too little with what it reads for tiles to pay.
bool runs_on_amx(DType operands, const Tensor& weight) {
  return operands != DType::f64 && weight.shape()[1] > 1 && cpu_instructions() == CpuInstructions::amx;
}

// oneDNN has no kernel for weight gradients in bf16 that keeps its bits at any number of threads, so tiles pay always.
bool weight_gradient_runs_on_amx(DType operands, const Tensor& weight) {
  return runs_on_amx(operands, weight) || (operands == DType::bf16 && cpu_instructions() == CpuInstructions::amx);
}

void convolve(const Context& ctx, const Tensor& x, const Tensor& weight, const WeightBlock& block, bool transposed,
              const Tensor* bias, Tensor& y, Write mode) {
  if (runs_on_amx(x.dtype(), weight)) {
    const float* of_block = bias && ctx.device.computes() ? bias->data<float>() + block.o0 : nullptr;
    return amx::convolve(ctx, amx::InputRows(x, weight.shape()[1]), x.dtype(), weight, block, transposed, of_block, y,
                         mode);
  }
  const int64_t out = transposed ? block.I : block.O, k = weight.shape()[1];
  const int sign = mode == Write::subtract ? -1 : 1;
  const bool add = mode != Write::overwrite;
  dispatch_operands(y.dtype(), x.dtype(), [&]<class Y, class X>() {
    using V = Compute<X>;
    constexpr bool f32 = std::is_same_v<X, float>, bf16 = std::is_same_v<X, bfloat16>;
    if (f32 || (bf16 && onednn_has_bf16())) {
      const Tensor packed = pack<X>(ctx, weight, block, transposed, sign, out);
      onednn_forward(ctx, x, packed, bias, block.o0, y, add);
    } else if constexpr (!f32) {
      const Tensor packed = pack<X>(ctx, weight, block, transposed, sign, padded_channels<V>(out));
      if (!ctx.device.computes()) return;
      direct_forward<X, Y>(x, packed.data<V>(), bias ? bias->data<V>() + block.o0 : nullptr, k, y, add);
    }
  });
}

// Allocates the workspace of a library's convolution, where a meta device stands for a device that calls a library.
// That device's kernels allocate nothing else.
bool takes_library_workspace(const Context& ctx) {
  const auto bytes = static_cast<int64_t>(ctx.device.layout().convolution_workspace);
  if (bytes == 0 || ctx.device.computes()) return false;
  Tensor(ctx.for_workspace(), {bytes / size_of(DType::f32)}, DType::f32);
  return true;
}

}  // namespace

void conv3d_forward(const Context& ctx, std::span<const Tensor> x, const Tensor& weight, const Tensor* bias,
                    std::span<Tensor> y, Write mode) {
  REVUNET_EXPECTS(!bias || mode == Write::overwrite, Error, "[conv3d] expected no bias where the result is added");
  if (takes_library_workspace(ctx)) return;
  for_each_block(x, y, [&](const WeightBlock& block, size_t i, size_t j) {
    convolve(ctx, x[i], weight, block, false, i == 0 ? bias : nullptr, y[j], after_first(mode, i == 0));
  });
}

void conv3d_backward_data(const Context& ctx, std::span<const Tensor> dy, const Tensor& weight, std::span<Tensor> dx,
                          Write mode) {
  const bool wanted = std::ranges::any_of(dx, [](const Tensor& part) { return bool{part}; });
  if (!wanted || takes_library_workspace(ctx)) return;
  int64_t i0 = 0;
  const int64_t I = weight.shape()[4] / static_cast<int64_t>(dx.size());  // parts are equal
  for (Tensor& part : dx) {
    int64_t o0 = 0;
    for (size_t j = 0; part && j < dy.size(); ++j) {
      const int64_t O = activation(dy[j].shape()).C;
      convolve(ctx, dy[j], weight, {o0, O, i0, I}, true, nullptr, part, after_first(mode, j == 0));
      o0 += O;
    }
    i0 += I;
  }
}

void conv3d_backward_weight(const Context& ctx, std::span<const Tensor> x, std::span<const Tensor> dy,
                            Tensor& dweight) {
  if (takes_library_workspace(ctx)) return;
  for_each_block(x, dy, [&](const WeightBlock& block, size_t i, size_t j) {
    if (weight_gradient_runs_on_amx(x[i].dtype(), dweight)) {
      return amx::add_weight_gradient(ctx, amx::InputRows(x[i], dweight.shape()[1]), amx::InputRows(dy[j], 1),
                                      x[i].dtype(), dweight, block.o0, block.i0);
    }
    dispatch(x[i].dtype(),
             [&]<class T>() { direct_backward_weight_add<T>(ctx, x[i], dy[j], dweight, block.o0, block.i0); });
  });
}

void conv3d_backward_bias(const Context& ctx, std::span<const Tensor> dy, Tensor& dbias) {
  if (!ctx.device.computes()) return;
  int64_t o0 = 0;
  for (const Tensor& part : dy) {
    const int64_t C = activation(part.shape()).C;
    dispatch(part.dtype(), [&]<class T>() {
      const T* p = part.data<T>();
      const std::vector<double> sums =
          sum_chunks(part.elements() / C, C, C, [&](int64_t begin, int64_t end, double* sum) {
            for (int64_t voxel = begin; voxel < end; ++voxel) {
              for (int64_t c = 0; c < C; ++c) sum[c] += static_cast<double>(p[voxel * C + c]);
            }
          });
      for (int64_t c = 0; c < C; ++c)
        dbias.data<Compute<T>>()[o0 + c] += static_cast<Compute<T>>(sums[static_cast<size_t>(c)]);
    });
    o0 += C;
  }
}

void normed_conv3d_forward(const Context& ctx, NormedActivation& x, const Tensor& weight, Tensor& y, Write mode) {
  if (takes_library_workspace(ctx)) return;
  const DType operands = x.memory().dtype();
  if (!runs_on_amx(operands, weight)) {
    return REVUNET_CPU::conv3d_forward(ctx, {&x.values(ctx), 1}, weight, nullptr, {&y, 1}, mode);
  }
  amx::convolve(ctx, amx::InputRows(x, weight.shape()[1]), operands, weight, whole(weight), false, nullptr, y, mode);
}

void normed_conv3d_backward_weight(const Context& ctx, NormedActivation& x, const Tensor& dy, Tensor& dweight) {
  if (takes_library_workspace(ctx)) return;
  const DType operands = x.memory().dtype();
  if (!weight_gradient_runs_on_amx(operands, dweight)) {
    return REVUNET_CPU::conv3d_backward_weight(ctx, {&x.values(ctx), 1}, {&dy, 1}, dweight);
  }
  amx::add_weight_gradient(ctx, amx::InputRows(x, dweight.shape()[1]), amx::InputRows(dy, 1), operands, dweight, 0, 0);
}

}  // namespace revunet::REVUNET_CPU
