#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"

namespace revunet {

Variable group_norm_leaky_relu(const Context& ctx, Variable x, const GroupNorm& norm, double slope) {
  const LayerScope scope(ctx, "group_norm_leaky_relu " + norm.gamma.name);
  const int64_t C = activation(x.value.shape()).C;
  REVUNET_EXPECTS(norm.groups > 0 && C % norm.groups == 0, UsageError,
                  "[group_norm {}] expected a number of groups that divides {} channels, got {}", norm.gamma.name, C,
                  norm.groups);
  REVUNET_EXPECTS(norm.gamma.value.shape() == Shape{C} && norm.beta.value.shape() == Shape{C}, Error,
                  "[group_norm {}] expected gamma and beta of shape ({}), got {} and {}", norm.gamma.name, C,
                  norm.gamma.value.shape().to_string(), norm.beta.value.shape().to_string());

  Tensor statistics = group_norm_statistics(ctx.with_tag(Tag::saved_activation), x.value, norm.groups);
  Tensor y = !ctx.tape && x.value.unique() ? x.value : Tensor(ctx, x.value.spec());
  group_norm_leaky_relu_forward(ctx, x.value, statistics, norm.gamma.value, norm.beta.value, slope, y);
  Variable out = make_output(ctx, std::move(y));
  if (!ctx.tape) return out;

  ctx.tape->record(
      {.name = "group_norm_leaky_relu " + norm.gamma.name,
       .inputs = {x.slot},
       .outputs = {out},
       .parameters = {&norm.gamma, &norm.beta},
       .backward = [x, statistics, norm, slope](const Context& inner, std::vector<Tensor> dy, Gradients& gradients) {
         const auto write = [&](Tensor& dx, bool accumulate) {
           group_norm_leaky_relu_backward(inner, x.value, statistics, norm.gamma.value, norm.beta.value, slope, dy[0],
                                          dx, accumulate, gradient_of(inner, norm.gamma),
                                          gradient_of(inner, norm.beta));
         };
         // The gradients of gamma and beta are needed even where x is a constant.
         if (!gradients.deliver(inner, x.slot, x.value.spec(), &dy[0], write)) write(dy[0], false);
       }});
  return out;
}

Tensor group_norm_statistics(const Context& ctx, const Tensor& x, int64_t groups) {
  return REVUNET_ON_DEVICE(group_norm_statistics, ctx, x, groups);
}
void group_norm_leaky_relu_forward(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                   const Tensor& beta, double slope, Tensor& y) {
  return REVUNET_ON_DEVICE(group_norm_leaky_relu_forward, ctx, x, statistics, gamma, beta, slope, y);
}
void group_norm_leaky_relu_backward(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                    const Tensor& beta, double slope, const Tensor& dy, Tensor& dx, bool accumulate,
                                    Tensor& dgamma, Tensor& dbeta) {
  const int64_t C = activation(x.shape()).C;
  Tensor sums(ctx.for_workspace(), {1, x.shape()[0], 2, dy.channel_stride()}, DType::f64);
  group_norm_gradient_sums(ctx, x, statistics, gamma, beta, slope, dy, sums, 0);
  const Tensor corrections =
      group_norm_corrections(ctx, sums, statistics, gamma, x.elements() / x.shape()[0] / C, dgamma, dbeta);
  group_norm_leaky_relu_corrected(ctx, x, statistics, gamma, beta, slope, dy, corrections, dx, accumulate);
}
void group_norm_gradient_sums(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                              const Tensor& beta, double slope, const Tensor& dy, Tensor& sums, int64_t part) {
  return REVUNET_ON_DEVICE(group_norm_gradient_sums, ctx, x, statistics, gamma, beta, slope, dy, sums, part);
}
Tensor group_norm_corrections(const Context& ctx, const Tensor& sums, const Tensor& statistics, const Tensor& gamma,
                              int64_t voxels, Tensor& dgamma, Tensor& dbeta) {
  return REVUNET_ON_DEVICE(group_norm_corrections, ctx, sums, statistics, gamma, voxels, dgamma, dbeta);
}
void group_norm_leaky_relu_corrected(const Context& ctx, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                                     const Tensor& beta, double slope, const Tensor& dy, const Tensor& corrections,
                                     Tensor& dx, bool accumulate) {
  return REVUNET_ON_DEVICE(group_norm_leaky_relu_corrected, ctx, x, statistics, gamma, beta, slope, dy, corrections, dx,
                           accumulate);
}

}  // namespace revunet
