#include "models/level_transitions.h"

#include <array>

#include "kernels/add/add.h"
#include "kernels/conv3d/conv3d.h"
#include "kernels/max_pool3d/max_pool3d.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"

namespace revunet {

namespace {

std::array<int, 2> slots_of(const Stream& s) {
  return {s.first.slot, s.second.slot};
}

Halves convolve(const Context& ctx, const Halves& x, const PointwiseConvolution& convolution) {
  Shape shape = x[0].shape();
  const auto [N, D, H, W, C] = activation(shape);
  const int64_t half = convolution.weight->value.shape()[0] / 2;
  Halves y;
  for (Tensor& part : y) part = Tensor(ctx, {{N, D, H, W, half}, x[0].dtype(), Layout::activation});
  conv3d_forward(ctx, x, convolution.weight->value, &convolution.bias->value, y, Write::overwrite);
  return y;
}

Halves pool(const Context& ctx, const Halves& x, const HalvedAxes& axes) {
  Halves y;
  for (size_t i = 0; i < 2; ++i) {
    y[i] = Tensor(ctx, {max_pool3d_shape(x[i].shape(), axes), x[i].dtype(), Layout::activation});
    max_pool3d_forward(ctx, x[i], y[i]);
  }
  return y;
}

}  // namespace

Stream pool_and_convolve(const Context& ctx, const std::string& name, const Stream& fine, const HalvedAxes& axes,
                         const PointwiseConvolution& convolution, std::shared_ptr<RecomputedPair> kept) {
  const LayerScope scope(ctx, name);
  Halves x = {fine.first.value, fine.second.value};
  Halves y = convolve(ctx, pool(ctx.with_tag(Tag::forward_scratch, Lifetime::passing), x, axes), convolution);
  Stream out{make_output(ctx, std::move(y[0])), make_output(ctx, std::move(y[1]))};
  if (!ctx.tape) return out;
  if (kept) x = {};
  ctx.tape->record({.name = name,
                    .inputs = {fine.first.slot, fine.second.slot},
                    .outputs = {out.first, out.second},
                    .parameters = {convolution.weight, convolution.bias},
                    .backward = [x, kept = std::move(kept), slots = slots_of(fine), axes, convolution](
                                    const Context& inner, std::vector<Tensor> dy, Gradients& gradients) mutable {
                      if (kept) x = kept->get(inner);
                      Halves pooled = pool(inner, x, axes);
                      conv3d_backward_weight(inner, pooled, dy, gradient_of(inner, *convolution.weight));
                      conv3d_backward_bias(inner, dy, gradient_of(inner, *convolution.bias));
                      conv3d_backward_data(inner, dy, convolution.weight->value, pooled,
                                           Write::overwrite);  // into pooled's memory
                      dy.clear();
                      for (size_t i = 0; i < 2; ++i) {
                        gradients.deliver(inner, slots[i], x[i].spec(), nullptr, [&](Tensor& dx, bool accumulate) {
                          max_pool3d_backward(inner, x[i], pooled[i], dx, accumulate);
                        });
                      }
                    }});
  return out;
}

Stream convolve_upsample_and_add(const Context& ctx, const std::string& name, Stream coarse,
                                 const PointwiseConvolution& convolution, Stream skip, SkipMemory memory) {
  const LayerScope scope(ctx, name);
  const Halves x = {std::move(coarse.first.value), std::move(coarse.second.value)};
  Halves base = {std::move(skip.first.value), std::move(skip.second.value)};
  const bool in_place = memory != SkipMemory::kept || (!ctx.tape && base[0].unique() && base[1].unique());
  Halves y;
  {
    const Halves low = convolve(ctx.with_tag(Tag::forward_scratch, Lifetime::passing), x, convolution);
    for (size_t i = 0; i < 2; ++i) {
      y[i] = in_place ? base[i] : Tensor(ctx, base[i].spec());
      upsample_trilinear_add_forward(ctx, low[i], base[i], y[i]);
    }
  }
  Stream out{make_output(ctx, y[0]), make_output(ctx, y[1])};
  if (!ctx.tape) return out;
  if (memory != SkipMemory::restored) base = {};
  ctx.tape->record(
      {.name = name,
       .inputs = {coarse.first.slot, coarse.second.slot, skip.first.slot, skip.second.slot},
       .outputs = {out.first, out.second},
       .parameters = {convolution.weight, convolution.bias},
       .backward = [x, base, coarse_slots = slots_of(coarse), skip_slots = slots_of(skip), convolution](
                       const Context& inner, std::vector<Tensor> dy, Gradients& gradients) mutable {
         if (base[0]) {
           const Halves low = convolve(inner, x, convolution);
           for (size_t i = 0; i < 2; ++i) {
             upsample_trilinear_forward(inner, low[i], base[i], Write::subtract);
           }
         }
         Halves dlow;
         for (size_t i = 0; i < 2; ++i) {
           const auto [N, D, H, W, C] = activation(x[i].shape());
           dlow[i] = Tensor(inner, {{N, D, H, W, dy[i].shape()[4]}, dy[i].dtype(), Layout::activation});
           upsample_trilinear_backward(inner, dy[i], dlow[i], false);
           gradients.deliver(inner, skip_slots[i], dy[i].spec(), &dy[i],
                             [&](Tensor& dx, bool accumulate) { add_backward(inner, dy[i], dx, accumulate); });
         }
         conv3d_backward(inner, {x[0], x[1]}, coarse_slots, *convolution.weight, convolution.bias, dlow, gradients);
       }});
  return out;
}

}  // namespace revunet
