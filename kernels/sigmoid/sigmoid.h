// Sigmoid: y = 1 / (1 + exp(-x)). Any shape, any layout; no overflow for any finite x.
//
// Backward keeps y, as dy/dx = y (1 - y), so y may take x's place.
#pragma once

#include <algorithm>
#include <cmath>

#include "engine/tape.h"

namespace revunet {

// In x's own memory where nobody shares it, else in new memory.
Variable sigmoid(const Context& ctx, Variable x);

// y may be x. dx may be dy; with accumulate, dx += instead.
void sigmoid_forward(const Context& ctx, const Tensor& x, Tensor& y);
void sigmoid_backward(const Context& ctx, const Tensor& y, const Tensor& dy, Tensor& dx, bool accumulate);

// The sigmoid of one value and its derivative there, both to full relative precision at either end.
template <class T>
struct SigmoidValue {
  T value, derivative;
};

template <class T>
SigmoidValue<T> sigmoid_at(T x) {
  const T e = std::exp(-std::abs(x)), s = T(1) / (T(1) + e);  // e in [0, 1]: never overflows
  const T numerator = std::max(e, static_cast<T>(x >= 0));    // x >= 0 ? 1 : e, without a branch to mispredict
  return {numerator * s, e * s * s};
}

}  // namespace revunet
