// A cast is y = x in another element type, rounded to nearest even where the type is narrower.
//
// It takes any shape. Backward keeps nothing: dx = dy, cast back. CUDA casts between f32 and bf16.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"

namespace revunet {

Variable cast(const Context& ctx, Variable x, DType dtype);

// y (x's shape) = x in y's type.
void cast_forward(const Context& ctx, const Tensor& x, Tensor& y);

REVUNET_KERNEL(cast_forward)

}  // namespace revunet
