// This op clips gradients by their common Euclidean norm. Where the norm is above `limit`, all gradients are multiplied
// by limit / (norm + 1e-6). Parameters without a gradient do not count.
//
// The sum of squares is in double, in an order that follows from shapes alone, so it has the same bits at any number of
// threads. Source: Pascanu, Mikolov and Bengio (2013), in the form of torch.nn.utils.clip_grad_norm_.
#pragma once

#include <span>

#include "engine/on_device.h"
#include "engine/parameter.h"

namespace revunet {

// Returns the norm before clipping, and waits for the device to do so. Returns 0 on a device that does not compute.
double clip_gradients(const Context& ctx, std::span<Parameter* const> parameters, double limit);

inline constexpr int64_t kSumParts = 64;  // a device may leave a sum in so many parts

// sums is (rows, kSumParts), f64, zeros. Leaves the parts of x's sum of squares in row `row`.
void sum_of_squares(const Context& ctx, const Tensor& x, Tensor& sums, int64_t row);
// Computes x *= factor.
void scale(const Context& ctx, Tensor& x, double factor);

REVUNET_KERNEL(sum_of_squares)
REVUNET_KERNEL(scale)

}  // namespace revunet
