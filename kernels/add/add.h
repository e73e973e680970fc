// Sum: y = a + b. Any shape, any layout.
//
// Backward keeps nothing: dy is the gradient of both. Its memory goes to b; a gets a copy, as gradients never share.
// Errors: Error where the shapes or types differ.
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

// Makes dy, owned by the caller, part of a slot's gradient: moved into an empty slot, else added to what is there.
void add_gradient(const Context& ctx, Gradients& gradients, int slot, Tensor dy);

REVUNET_KERNEL(add_forward)

}  // namespace revunet
