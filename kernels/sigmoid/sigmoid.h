// The sigmoid is y = 1 / (1 + exp(-x)). It takes any shape and layout, and does not overflow for any finite x.
//
// Backward keeps y, as dy/dx = y (1 - y), so y may take x's place.
#pragma once

#include <algorithm>
#include <cmath>

#include "engine/on_device.h"
#include "engine/tape.h"

namespace revunet {

// The result lies in x's own memory where nobody shares it, otherwise in new memory.
Variable sigmoid(const Context& ctx, Variable x);

// y may be x. It has x's type or x's compute type. dx may be dy. With accumulate, adds to dx instead.
void sigmoid_forward(const Context& ctx, const Tensor& x, Tensor& y);
void sigmoid_backward(const Context& ctx, const Tensor& y, const Tensor& dy, Tensor& dx, bool accumulate);

// Sets y = sigmoid(x) for `count` values on the host, to full relative precision at either end. No exponent is above 0,
// so nothing overflows or cancels. y may be x.
template <class X, class Y>
void sigmoid_values(const X* x, int64_t count, Y* y) {
  using T = Compute<X>;
  // Exponentials come first, so that the choice by sign is made in vectors: a mispredicted branch costs more than exp.
  constexpr int64_t kBlock = 64;  // values held on the stack
  T e[kBlock];
  for (int64_t begin = 0; begin < count; begin += kBlock, x += kBlock, y += kBlock) {
    const int64_t n = std::min(kBlock, count - begin);
    for (int64_t i = 0; i < n; ++i) e[i] = std::exp(-std::abs(static_cast<T>(x[i])));
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<Y>((x[i] >= 0 ? T(1) : e[i]) / (T(1) + e[i]));
  }
}

template <class T>
T sigmoid_at(T x) {
  const T e = std::exp(-std::abs(x));
  return (x >= 0 ? T(1) : e) / (T(1) + e);
}

template <class T>
T sigmoid_derivative_at(T x) {
  const T e = std::exp(-std::abs(x)), s = T(1) / (T(1) + e);
  return e * s * s;
}

REVUNET_KERNEL(sigmoid_forward)
REVUNET_KERNEL(sigmoid_backward)

}  // namespace revunet
