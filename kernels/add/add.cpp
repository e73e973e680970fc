#include "kernels/add/add.h"

#include <utility>

namespace revunet {

Variable add(const Context& ctx, Variable a, Variable b) {
  REVUNET_EXPECTS(a.value.spec() == b.value.spec(), Error,
                  "[add] expected two tensors of one shape, type and layout, got {} and {}", a.value.spec().to_string(),
                  b.value.spec().to_string());
  Tensor y = a.value.unique() ? a.value : b.value.unique() ? b.value : Tensor(ctx, a.value.spec());
  add_forward(ctx, a.value, b.value, y);
  a.value = b.value = Tensor();

  if (!ctx.tape || !(a.needs_gradient() || b.needs_gradient())) return Variable(std::move(y));
  Variable out = ctx.tape->track(std::move(y));
  // The last one gets dy's memory.
  const auto [first, last] = b.needs_gradient() ? std::pair{a.slot, b.slot} : std::pair{b.slot, a.slot};
  ctx.tape->record({.name = "add",
                    .inputs = {a.slot, b.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [first, last](const Context& inner, std::vector<Tensor> dy, Gradients& gradients) {
                      const auto write = [&](Tensor& dx, bool accumulate) {
                        add_backward(inner, dy[0], dx, accumulate);
                      };
                      gradients.deliver(inner, first, dy[0].spec(), nullptr, write);
                      gradients.deliver(inner, last, dy[0].spec(), &dy[0], write);
                    }});
  return out;
}

void add_in_place(const Context& ctx, Tensor& y, const Tensor& x) {
  add_forward(ctx, y, x, y);
}

void add_backward(const Context& ctx, const Tensor& dy, Tensor& dx, bool accumulate) {
  accumulate ? add_in_place(ctx, dx, dy) : copy(dy, dx);
}

void add_forward(const Context& ctx, const Tensor& a, const Tensor& b, Tensor& y) {
  return REVUNET_ON_DEVICE(add_forward, ctx, a, b, y);
}

}  // namespace revunet
