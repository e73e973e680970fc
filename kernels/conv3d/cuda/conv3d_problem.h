// A ConvolutionProblem is one convolution as a CUDA library sees it: one input tensor and one output tensor, with
// channels padded to whole packs.
#pragma once

#include <compare>
#include <optional>
#include <string>

#include "engine/device.h"
#include "engine/dtype.h"

namespace revunet {
class NormedActivation;
}

namespace revunet::cuda {

// AlgorithmLimits says what is asked of a library in addition to the result.
struct AlgorithmLimits {
  size_t workspace = kCudaLayout.convolution_workspace;  // bytes, at most
  Arithmetic arithmetic;
  auto operator<=>(const AlgorithmLimits&) const = default;
};

enum class Direction : uint8_t {
  forward,          // y = alpha conv(x, w) + beta y
  backward_data,    // dx = alpha conv^T(dy, w) + beta dx
  backward_weight,  // dw = sum over voxels of dy x
};

// x is (N, D, H, W, I), y is (N, D, H, W, O), I and O with padding, and w is (O, k, k, k, I). What is read has type
// `operands`, and what is computed has type `result`, which is the same or f32. Stride 1, padding (k - 1) / 2. x may be
// the norm of an activation of type `normed_from`, which has as many channels with padding; never for backward_data.
struct ConvolutionProblem {
  Direction direction;
  DType operands, result;
  int64_t N, D, H, W, I, O, k;
  int alpha = 1, beta = 0;
  std::optional<DType> normed_from = {};
  auto operator<=>(const ConvolutionProblem&) const = default;

  int64_t voxels() const { return N * D * H * W; }
  int64_t taps() const { return k * k * k; }
  double flops() const { return 2.0 * static_cast<double>(voxels() * taps() * I) * static_cast<double>(O); }
  // Returns the number of elements of the result.
  int64_t result_elements() const {
    return direction == Direction::forward         ? voxels() * O
           : direction == Direction::backward_data ? voxels() * I
                                                   : O * taps() * I;
  }
};

// Returns a text such as "forward f32, x (1, 64, 64, 64, 32), 32 output channels, kernel 3".
std::string describe(const ConvolutionProblem& problem);

// ConvolutionBuffers are addresses on the device. backward_data writes x and reads y; backward_weight writes w. Where
// the problem's x is a norm, `normed` is that norm, and x holds its values if it has them.
struct ConvolutionBuffers {
  void *x, *w, *y;
  NormedActivation* normed = nullptr;

  void*& result(Direction direction) {
    return direction == Direction::forward ? y : direction == Direction::backward_data ? x : w;
  }
  void* result(Direction direction) const { return ConvolutionBuffers(*this).result(direction); }
};

}  // namespace revunet::cuda
