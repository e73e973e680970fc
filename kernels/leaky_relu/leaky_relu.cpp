#include "kernels/leaky_relu/leaky_relu.h"

namespace revunet {

Variable leaky_relu(const Context& ctx, Variable x, double slope) {
  REVUNET_EXPECTS(slope > 0, UsageError, "[leaky_relu] expected a slope above 0, got {}", slope);
  Tensor y = x.value.unique() ? x.value : Tensor(ctx, x.value.spec());
  leaky_relu_forward(ctx, x.value, slope, y);
  x.value = Tensor();

  Variable out = make_output(ctx, y);
  if (ctx.tape) {
    ctx.tape->record(
        {.name = "leaky_relu",
         .inputs = {x.slot},
         .outputs = {out},
         .parameters = {},
         .backward = [y, slope, slot = x.slot](const Context& inner, std::vector<Tensor> dy, Gradients& gradients) {
           gradients.deliver(inner, slot, y.spec(), &dy[0], [&](Tensor& dx, bool accumulate) {
             leaky_relu_backward(inner, y, dy[0], slope, dx, accumulate);
           });
         }});
  }
  return out;
}

void leaky_relu_forward(const Context& ctx, const Tensor& x, double slope, Tensor& y) {
  return REVUNET_ON_DEVICE(leaky_relu_forward, ctx, x, slope, y);
}
void leaky_relu_backward(const Context& ctx, const Tensor& y, const Tensor& dy, double slope, Tensor& dx,
                         bool accumulate) {
  return REVUNET_ON_DEVICE(leaky_relu_backward, ctx, y, dy, slope, dx, accumulate);
}

}  // namespace revunet
