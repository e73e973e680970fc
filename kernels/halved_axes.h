// This file says which axes are halved between a level of a network and the next coarser one.
//
// Rule: kernels read it from the shapes of the two sides. Along each axis the finer side has as many voxels as the
// coarser one, or twice as many, and along one axis at least it has twice as many.
#pragma once

#include <array>

#include "engine/shape.h"

namespace revunet {

using HalvedAxes = std::array<bool, 3>;  // D, H, W

inline constexpr HalvedAxes kAllAxes = {true, true, true};

// AxisFactors says how many voxels of the finer side lie along D, H and W of a voxel of the coarser one: 1 or 2.
struct AxisFactors {
  int64_t d, h, w;
  int64_t voxels() const { return d * h * w; }
  bool operator==(const AxisFactors&) const = default;
};

inline AxisFactors factors_of(const HalvedAxes& axes) {
  return {axes[0] ? 2 : 1, axes[1] ? 2 : 1, axes[2] ? 2 : 1};
}

// Returns the factors between two activations, and throws Error where there are none. `op` names the op in the message.
inline AxisFactors factors_between(const char* op, const Shape& fine, const Shape& coarse) {
  const Activation f = activation(fine), c = activation(coarse);
  const AxisFactors factors{f.D / c.D, f.H / c.H, f.W / c.W};
  const auto fits = [](int64_t factor, int64_t of_fine, int64_t of_coarse) {
    return (factor == 1 || factor == 2) && of_fine == factor * of_coarse;
  };
  REVUNET_EXPECTS(
      fits(factors.d, f.D, c.D) && fits(factors.h, f.H, c.H) && fits(factors.w, f.W, c.W) && factors.voxels() > 1 &&
          f.N == c.N && f.C == c.C,
      Error,
      "[{}] expected a finer side with twice as many voxels as the coarser one, or as many, along each axis, and the "
      "same batch and channels, got {} and {}",
      op, fine.to_string(), coarse.to_string());
  return factors;
}

// StaticFactors are factors that the compiler knows.
template <int D, int H, int W>
struct StaticFactors {
  static constexpr int d = D, h = H, w = W, voxels = D * H * W;
};

// Calls f.template operator()<StaticFactors<...>>() for the factors.
template <class F>
void dispatch_factors(const AxisFactors& factors, F&& f) {
  const auto call = [&]<int D, int H, int W>() {
    if (factors == AxisFactors{D, H, W}) f.template operator()<StaticFactors<D, H, W>>();
  };
  call.template operator()<2, 2, 2>();
  call.template operator()<1, 2, 2>();
  call.template operator()<2, 1, 2>();
  call.template operator()<2, 2, 1>();
  call.template operator()<1, 1, 2>();
  call.template operator()<1, 2, 1>();
  call.template operator()<2, 1, 1>();
}

}  // namespace revunet
