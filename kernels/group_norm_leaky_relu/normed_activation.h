// A NormedActivation is y = LeakyReLU(GroupNorm(x)), whose values are computed when somebody asks for them. A
// convolution that normalises x as it loads it does not ask (normed_conv3d_forward in kernels/conv3d/conv3d.h).
#pragma once

#include <utility>

#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"

namespace revunet {

class NormedActivation {
 public:
  struct Norm {
    Tensor statistics;   // of group_norm_statistics
    Tensor gamma, beta;  // (C)
    double slope;        // of LeakyReLU
  };

  // y has the type `dtype`: that of x, or bf16 where x is f32. Its memory is taken here, with the tag of ctx, so that
  // the memory of a step does not depend on who asks for the values.
  NormedActivation(const Context& ctx, Tensor x, Norm norm, DType dtype)
      : x_(std::move(x)), norm_(std::move(norm)), y_(ctx, TensorSpec{x_.shape(), dtype, x_.layout()}) {}

  const Tensor& x() const { return x_; }
  const Norm& norm() const { return norm_; }

  bool has_values() const { return has_values_; }
  const Tensor& values(const Context& ctx) {
    if (!has_values_) {
      group_norm_leaky_relu_forward(ctx, x_, norm_.statistics, norm_.gamma, norm_.beta, norm_.slope, y_);
      has_values_ = true;
    }
    return y_;
  }
  void forget_values() { has_values_ = false; }

  // Returns the tensor that the values are in, or will be.
  const Tensor& memory() const { return y_; }
  // Returns it for another use. The values are lost.
  Tensor take_memory() && { return std::move(y_); }

 private:
  Tensor x_;
  Norm norm_;
  Tensor y_;
  bool has_values_ = false;
};

}  // namespace revunet
