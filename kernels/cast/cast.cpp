#include "kernels/cast/cast.h"

#include "kernels/add/add.h"

namespace revunet {

Variable cast(const Context& ctx, Variable x, DType dtype) {
  const LayerScope scope(ctx, "cast");
  Tensor y(ctx, x.value.shape(), dtype);
  cast_forward(ctx, x.value, y);
  if (!ctx.tape || !x.needs_gradient()) return Variable(std::move(y));
  Variable out = ctx.tape->track(std::move(y));
  ctx.tape->record({.name = "cast",
                    .inputs = {x.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [slot = x.slot, from = x.value.dtype()](const Context& inner, std::vector<Tensor> dy,
                                                                        Gradients& gradients) {
                      Tensor dx(inner, dy[0].shape(), from);
                      cast_forward(inner, dy[0], dx);
                      add_gradient(inner, gradients, slot, std::move(dx));
                    }});
  return out;
}

void cast_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  return REVUNET_ON_DEVICE(cast_forward, ctx, x, y);
}

}  // namespace revunet
