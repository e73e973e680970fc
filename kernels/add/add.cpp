#include "kernels/add/add.h"

namespace revunet {

Variable add(const Context& ctx, Variable a, Variable b) {
  REVUNET_EXPECTS(a.value.shape() == b.value.shape() && a.value.dtype() == b.value.dtype(), Error,
                  "[add] expected two tensors of one shape and type, got {} {} and {} {}", name_of(a.value.dtype()),
                  a.value.shape().to_string(), name_of(b.value.dtype()), b.value.shape().to_string());
  Tensor y = a.value.unique() ? a.value : b.value.unique() ? b.value : Tensor(ctx, a.value.shape(), a.value.dtype());
  add_forward(ctx, a.value, b.value, y);
  a.value = b.value = Tensor();

  if (!ctx.tape || !(a.needs_gradient() || b.needs_gradient())) return Variable(std::move(y));
  Variable out = ctx.tape->track(std::move(y));
  ctx.tape->record({.name = "add",
                    .inputs = {a.slot, b.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [a = a.slot, b = b.slot](const Context& inner, std::vector<Tensor> dy, Gradients& g) {
                      if (b == Variable::kNoGradient) return add_gradient(inner, g, a, std::move(dy[0]));
                      if (a != Variable::kNoGradient) {
                        if (g.empty(a)) {
                          g.give(a, clone(inner, dy[0]));
                        } else {
                          add_in_place(inner, g.target(inner, a, dy[0].shape(), dy[0].dtype()).tensor, dy[0]);
                        }
                      }
                      add_gradient(inner, g, b, std::move(dy[0]));
                    }});
  return out;
}

void add_in_place(const Context& ctx, Tensor& y, const Tensor& x) {
  add_forward(ctx, y, x, y);
}

void add_gradient(const Context& ctx, Gradients& gradients, int slot, Tensor dy) {
  if (slot == Variable::kNoGradient) return;
  if (gradients.empty(slot)) return gradients.give(slot, std::move(dy));
  add_in_place(ctx, gradients.target(ctx, slot, dy.shape(), dy.dtype()).tensor, dy);
}

void add_forward(const Context& ctx, const Tensor& a, const Tensor& b, Tensor& y) {
  return REVUNET_ON_DEVICE(add_forward, ctx, a, b, y);
}

}  // namespace revunet
