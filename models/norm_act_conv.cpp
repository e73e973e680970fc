#include "models/norm_act_conv.h"

#include "kernels/cast/cast.h"
#include "kernels/conv3d/conv3d.h"

namespace revunet {

Tensor NormActConv::activate(const Context& ctx, const Tensor& x, const Tensor& statistics) const {
  Tensor a(ctx, x.shape(), operands_ == Operands::bf16 ? DType::bf16 : x.dtype());
  group_norm_leaky_relu_forward(ctx, x, statistics, norm_.gamma.value, norm_.beta.value, kLeakyReluSlope, a);
  return a;
}

Tensor NormActConv::forward(const Context& ctx, const Tensor& x, Tensor& y) const {
  Tensor statistics = group_norm_statistics(ctx.with_tag(Tag::saved_activation), x, norm_.groups);
  const Tensor a = activate(ctx.with_tag(Tag::forward_scratch), x, statistics);
  conv3d_forward(ctx, {&a, 1}, weight_.value, nullptr, {&y, 1}, Write::add);
  return statistics;
}

void NormActConv::backward(const Context& ctx, const Tensor& x, const Tensor& statistics, Tensor* y, const Tensor& dy,
                           Tensor& dx) {
  Tensor a = activate(ctx, x, statistics);
  if (y) conv3d_forward(ctx, {&a, 1}, weight_.value, nullptr, {y, 1}, Write::subtract);
  Tensor dz = dy;  // as the convolution multiplies it
  if (dy.dtype() != a.dtype()) {
    dz = Tensor(ctx, dy.shape(), a.dtype());
    cast_forward(ctx, dy, dz);
  }
  conv3d_backward_weight(ctx, {&a, 1}, {&dz, 1}, gradient_of(ctx, weight_));

  // a is of no more use: its memory takes its gradient, so that one tensor of this size lives at a time,
  // or two of half as many bytes.
  Tensor& da = a;
  conv3d_backward_data(ctx, {&dz, 1}, weight_.value, {&da, 1}, Write::overwrite);
  dz = Tensor();
  group_norm_leaky_relu_backward(ctx, x, statistics, norm_.gamma.value, norm_.beta.value, kLeakyReluSlope, da, dx, true,
                                 gradient_of(ctx, norm_.gamma), gradient_of(ctx, norm_.beta));
}

}  // namespace revunet
