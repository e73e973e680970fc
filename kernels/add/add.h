// The sum is y = a + b, for any shape and layout.
//
// Backward keeps nothing: dy is the gradient of both. Its memory goes to b, or to a where b is a constant. The other
// one gets a copy, as gradients never share memory. Throws Error where the shapes, types or layouts differ.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"

namespace revunet {

// The result lies in a's own memory where nobody shares it, otherwise in b's, otherwise in new memory.
Variable add(const Context& ctx, Variable a, Variable b);

// y may be a or b.
void add_forward(const Context& ctx, const Tensor& a, const Tensor& b, Tensor& y);
// Computes y += x.
void add_in_place(const Context& ctx, Tensor& y, const Tensor& x);

// Sets dx = dy for either of them, which takes no work where dx is dy's memory. With accumulate, adds instead: dx +=
// dy.
void add_backward(const Context& ctx, const Tensor& dy, Tensor& dx, bool accumulate);

REVUNET_KERNEL(add_forward)

}  // namespace revunet
