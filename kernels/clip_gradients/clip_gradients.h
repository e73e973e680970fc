// Clipping of gradients by their common Euclidean norm: where it is above `limit`, all of them are multiplied by
// limit / (norm + 1e-6). Parameters without a gradient do not count.
//
// The sum of squares is in double, in an order that follows from shapes alone: same bits at any number of threads.
// Source: Pascanu, Mikolov and Bengio (2013), in the form of torch.nn.utils.clip_grad_norm_.
#pragma once

#include <span>

#include "engine/on_device.h"
#include "engine/parameter.h"

namespace revunet {

// The norm before clipping, for which the device is waited for; 0 on a device that does not compute.
double clip_gradients(const Context& ctx, std::span<Parameter* const> parameters, double limit);

inline constexpr int64_t kSumParts = 64;  // in which a device may leave a sum

// sums (rows, kSumParts), f64, zeros: leaves the parts of x's sum of squares in a row.
void sum_of_squares(const Context& ctx, const Tensor& x, Tensor& sums, int64_t row);
// x *= factor
void scale(const Context& ctx, Tensor& x, double factor);

REVUNET_KERNEL(sum_of_squares)
REVUNET_KERNEL(scale)

}  // namespace revunet
