#include "kernels/sigmoid/sigmoid.h"

namespace revunet {

Variable sigmoid(const Context& ctx, Variable x) {
  Tensor y = x.value.unique() ? x.value : Tensor(ctx, x.value.spec());
  sigmoid_forward(ctx, x.value, y);
  x.value = Tensor();

  if (!ctx.tape || !x.needs_gradient()) return Variable(std::move(y));
  Variable out = ctx.tape->track(y);
  ctx.tape->record({.name = "sigmoid",
                    .inputs = {x.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [y, slot = x.slot](const Context& inner, std::vector<Tensor> dy, Gradients& gradients) {
                      gradients.deliver(inner, slot, y.spec(), &dy[0], [&](Tensor& dx, bool accumulate) {
                        sigmoid_backward(inner, y, dy[0], dx, accumulate);
                      });
                    }});
  return out;
}

void sigmoid_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  return REVUNET_ON_DEVICE(sigmoid_forward, ctx, x, y);
}
void sigmoid_backward(const Context& ctx, const Tensor& y, const Tensor& dy, Tensor& dx, bool accumulate) {
  return REVUNET_ON_DEVICE(sigmoid_backward, ctx, y, dy, dx, accumulate);
}

}  // namespace revunet
