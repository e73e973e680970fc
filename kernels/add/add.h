// Sum: y = a + b. Any shape, any layout.
//
// Backward keeps nothing: dy is the gradient of both. Its memory goes to b, or to a where b is a constant. The other
// one gets a copy, as gradients never share. Errors: Error where the shapes, types or layouts differ.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"

namespace revunet {

// In a's own memory where nobody shares it, else in b's, else in new memory.
Variable add(const Context& ctx, Variable a, Variable b);

// y may be a or b.
void add_forward(const Context& ctx, const Tensor& a, const Tensor& b, Tensor& y);
// y += x.
void add_in_place(const Context& ctx, Tensor& y, const Tensor& x);

// dx = dy for either of them, which is nothing to do where dx is dy's memory; with accumulate, dx += dy instead.
void add_backward(const Context& ctx, const Tensor& dy, Tensor& dx, bool accumulate);

REVUNET_KERNEL(add_forward)

}  // namespace revunet
