// This file has an op for tests of the tape, and makes tensors of f64 for it.
#pragma once

#include "engine/tape.h"

namespace revunet::test {

// Computes y = factor * x, as an op that saves x.
inline Variable scale(const Context& ctx, const Variable& x, double factor, const std::string& name = "scale") {
  Tensor y = clone(ctx, x.value);
  for (int64_t i = 0; i < y.elements(); ++i) y.data<double>()[i] *= factor;
  Variable out = make_output(ctx, y);
  if (ctx.tape) {
    ctx.tape->record({.name = name,
                      .inputs = {x.slot},
                      .outputs = {out},
                      .parameters = {},
                      .backward = [slot = x.slot, factor, kept = x.value](const Context& inner, std::vector<Tensor> dy,
                                                                          Gradients& g) {
                        g.deliver(inner, slot, dy[0].spec(), nullptr, [&](Tensor& dx, bool accumulate) {
                          for (int64_t i = 0; i < dx.elements(); ++i) {
                            double& v = dx.data<double>()[i];
                            v = (accumulate ? v : 0) + factor * dy[0].data<double>()[i];
                          }
                        });
                      }});
  }
  return out;
}

inline Tensor values(const Context& ctx, std::vector<double> v) {
  return from_host(ctx, {static_cast<int64_t>(v.size())}, DType::f64, std::span<const double>(v));
}

}  // namespace revunet::test
