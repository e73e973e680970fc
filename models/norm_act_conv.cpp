#include "models/norm_act_conv.h"

#include "kernels/add/add.h"
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

NormedActivation NormActConv::activate(const Context& ctx, const Tensor& x, const Tensor& statistics,
                                       const Affine& affine) const {
  return {ctx, x, {statistics, affine.gamma, affine.beta, kLeakyReluSlope}, operand_type(x)};
}

std::vector<Slab> NormActConv::slabs(const Tensor& x) const {
  const auto [N, D, H, W, C] = activation(x.shape());
  return runs_ == FinestLevel::slabs && N == 1 ? slabs_of(D) : std::vector<Slab>{};
}

Tensor NormActConv::small_result(const Context& ctx, const Tensor& x) const {
  return group_norm_statistics(ctx.with_tag(Tag::saved_activation), x, norm_.groups);
}

Tensor NormActConv::forward(const Context& ctx, const Tensor& x, Tensor& y) const {
  Tensor statistics = small_result(ctx, x);
  const Context scratch = ctx.with_tag(Tag::forward_scratch, Lifetime::passing);
  const Affine affine = this->affine(ctx);
  const std::vector<Slab> parts = slabs(x);
  for (const Slab& slab : parts) {
    NormedActivation a = activate(scratch, x.planes(slab.low, slab.planes), statistics, affine);
    convolve_slab(scratch, slab, a, y, Write::add);
  }
  if (parts.empty()) {
    NormedActivation a = activate(scratch, x, statistics, affine);
    normed_conv3d_forward(ctx, a, weight_.value, y, Write::add);
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
  // Each sample's gradient is rounded before it is added, so that samples of several processes add up to the same bits.
  channel_dropout(ctx, d.gamma, dropout, d.gamma, Write::overwrite);
  channel_dropout(ctx, d.beta, dropout, d.beta, Write::overwrite);
  add_in_place(ctx, dgamma, d.gamma);
  add_in_place(ctx, dbeta, d.beta);
}

void NormActConv::backward(const Context& ctx, const Tensor& x, const Tensor& statistics, Tensor* y, const Tensor& dy,
                           Tensor& dx) {
  if (const std::vector<Slab> parts = slabs(x); !parts.empty()) {
    return backward_slabs(ctx, parts, x, statistics, y, dy, dx);
  }
  const Affine affine = this->affine(ctx);
  NormedActivation a = activate(ctx, x, statistics, affine);
  if (y) normed_conv3d_forward(ctx, a, weight_.value, *y, Write::subtract);
  Tensor dz = dy;  // in the type that the convolution multiplies
  if (dy.dtype() != operand_type(x)) {
    dz = Tensor(ctx, {dy.shape(), operand_type(x), dy.layout()});
    cast_forward(ctx, dy, dz);
  }
  normed_conv3d_backward_weight(ctx, a, dz, gradient_of(ctx, weight_));

  // a is no longer needed. Its gradient takes its memory, so that one tensor of this size lives at a time, or two of
  // half as many bytes.
  Tensor da = std::move(a).take_memory();
  conv3d_backward_data(ctx, {&dz, 1}, weight_.value, {&da, 1}, Write::overwrite);
  dz = Tensor();
  add_affine_gradients(ctx, [&](Tensor& dgamma, Tensor& dbeta) {
    group_norm_leaky_relu_backward(ctx, x, statistics, affine.gamma, affine.beta, kLeakyReluSlope, da, dx, true, dgamma,
                                   dbeta);
  });
}

}  // namespace revunet
