#include "models/norm_act_conv.h"

#include "kernels/cast/cast.h"
#include "kernels/conv3d/conv3d.h"

namespace revunet {

NormActConv::Affine NormActConv::affine(const Context& ctx) const {
  const ChannelDropout dropout = dropout_.of_layer(layer_);
  const Tensor &gamma = norm_.gamma.value, &beta = norm_.beta.value;
  if (dropout.rate == 0) return {gamma, beta};
  const Context workspace = ctx.for_workspace();
  Affine scaled{Tensor(workspace, gamma.shape(), gamma.dtype()), Tensor(workspace, beta.shape(), beta.dtype())};
  channel_dropout(ctx, gamma, dropout, scaled.gamma, Write::overwrite);
  channel_dropout(ctx, beta, dropout, scaled.beta, Write::overwrite);
  return scaled;
}

Tensor NormActConv::activate(const Context& ctx, const Tensor& x, const Tensor& statistics,
                             const Affine& affine) const {
  Tensor a(ctx, TensorSpec{x.shape(), operand_type(x), x.layout()});
  group_norm_leaky_relu_forward(ctx, x, statistics, affine.gamma, affine.beta, kLeakyReluSlope, a);
  return a;
}

std::vector<Slab> NormActConv::slabs(const Tensor& x) const {
  const auto [N, D, H, W, C] = activation(x.shape());
  return runs_ == FinestLevel::slabs && N == 1 ? slabs_of(D) : std::vector<Slab>{};
}

Tensor NormActConv::forward(const Context& ctx, const Tensor& x, Tensor& y) const {
  Tensor statistics = group_norm_statistics(ctx.with_tag(Tag::saved_activation), x, norm_.groups);
  const Context scratch = ctx.with_tag(Tag::forward_scratch, Lifetime::passing);
  const Affine affine = this->affine(ctx);
  const std::vector<Slab> parts = slabs(x);
  for (const Slab& slab : parts) {
    const Tensor a = activate(scratch, x.planes(slab.low, slab.planes), statistics, affine);
    convolve_slab(scratch, slab, a, y, Write::add);
  }
  if (parts.empty()) {
    const Tensor a = activate(scratch, x, statistics, affine);
    conv3d_forward(ctx, {&a, 1}, weight_.value, nullptr, {&y, 1}, Write::add);
  }
  return statistics;
}

void NormActConv::add_affine_gradients(const Context& ctx,
                                       const std::function<void(Tensor& dgamma, Tensor& dbeta)>& add) {
  Tensor &dgamma = gradient_of(ctx, norm_.gamma), &dbeta = gradient_of(ctx, norm_.beta);
  const ChannelDropout dropout = dropout_.of_layer(layer_);
  if (dropout.rate == 0) return add(dgamma, dbeta);
  const Context workspace = ctx.for_workspace();
  Affine d{zeros(workspace, dgamma.shape(), dgamma.dtype()), zeros(workspace, dbeta.shape(), dbeta.dtype())};
  add(d.gamma, d.beta);
  channel_dropout(ctx, d.gamma, dropout, dgamma, Write::add);
  channel_dropout(ctx, d.beta, dropout, dbeta, Write::add);
}

void NormActConv::backward(const Context& ctx, const Tensor& x, const Tensor& statistics, Tensor* y, const Tensor& dy,
                           Tensor& dx) {
  if (const std::vector<Slab> parts = slabs(x); !parts.empty()) {
    return backward_slabs(ctx, parts, x, statistics, y, dy, dx);
  }
  const Affine affine = this->affine(ctx);
  Tensor a = activate(ctx, x, statistics, affine);
  if (y) conv3d_forward(ctx, {&a, 1}, weight_.value, nullptr, {y, 1}, Write::subtract);
  Tensor dz = dy;  // in the type that the convolution multiplies
  if (dy.dtype() != a.dtype()) {
    dz = Tensor(ctx, {dy.shape(), a.dtype(), dy.layout()});
    cast_forward(ctx, dy, dz);
  }
  conv3d_backward_weight(ctx, {&a, 1}, {&dz, 1}, gradient_of(ctx, weight_));

  // a is no longer needed. Its gradient takes its memory, so that one tensor of this size lives at a time, or two of
  // half as many bytes.
  Tensor& da = a;
  conv3d_backward_data(ctx, {&dz, 1}, weight_.value, {&da, 1}, Write::overwrite);
  dz = Tensor();
  add_affine_gradients(ctx, [&](Tensor& dgamma, Tensor& dbeta) {
    group_norm_leaky_relu_backward(ctx, x, statistics, affine.gamma, affine.beta, kLeakyReluSlope, da, dx, true, dgamma,
                                   dbeta);
  });
}

}  // namespace revunet
