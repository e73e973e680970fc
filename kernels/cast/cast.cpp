#include "kernels/cast/cast.h"

#include "kernels/add/add.h"

namespace revunet {

Variable cast(const Context& ctx, Variable x, DType dtype) {
  const LayerScope scope(ctx, "cast");
  Tensor y(ctx, TensorSpec{x.value.shape(), dtype, x.value.layout()});
  cast_forward(ctx, x.value, y);
  if (!ctx.tape || !x.needs_gradient()) return Variable(std::move(y));
  Variable out = ctx.tape->track(std::move(y));
  ctx.tape->record({.name = "cast",
                    .inputs = {x.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [slot = x.slot, from = x.value.spec()](const Context& inner, std::vector<Tensor> dy,
                                                                       Gradients& gradients) {
                      gradients.deliver(inner, slot, from, nullptr, [&](Tensor& dx, bool accumulate) {
                        Tensor part = accumulate ? Tensor(inner, from) : dx;
                        cast_forward(inner, dy[0], part);
                        add_backward(inner, part, dx, accumulate);
                      });
                    }});
  return out;
}

void cast_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  return REVUNET_ON_DEVICE(cast_forward, ctx, x, y);
}

}  // namespace revunet
