// This file has shapes, and says what N, D, H, W and C mean everywhere in this project.
//
// An activation is (N, D, H, W, C): batch, depth, height, width and channels, the last one contiguous in memory. A
// convolution's weight is (O, kD, kH, kW, I): output channels first, input channels contiguous.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <span>
#include <string>

#include "engine/error.h"

namespace revunet {

class Shape {
 public:
  static constexpr int kMaxRank = 5;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims) : rank_(static_cast<int>(dims.size())) {
    REVUNET_EXPECTS(dims.size() <= kMaxRank, Error, "[shape] expected at most {} dimensions, got {}", kMaxRank,
                    dims.size());
    for (const int64_t dim : dims) {
      REVUNET_EXPECTS(dim > 0, Error, "[shape] expected every extent to be positive, got {}",
                      fmt::join(dims.begin(), dims.end(), ", "));
    }
    std::copy(dims.begin(), dims.end(), dims_.begin());
  }

  int rank() const { return rank_; }
  int64_t operator[](int i) const { return dims_[static_cast<size_t>(i)]; }
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }
  int64_t elements() const { return std::accumulate(dims().begin(), dims().end(), int64_t{1}, std::multiplies<>()); }
  bool operator==(const Shape&) const = default;

  std::string to_string() const { return fmt::format("({})", fmt::join(dims().begin(), dims().end(), ", ")); }

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

// An Activation holds the five extents, for structured bindings: const auto [N, D, H, W, C] = activation(x.shape()).
struct Activation {
  int64_t N, D, H, W, C;
  int64_t voxels() const { return D * H * W; }
};

inline Activation activation(const Shape& shape) {
  REVUNET_EXPECTS(shape.rank() == 5, Error, "[shape] expected an activation (N, D, H, W, C), got {}",
                  shape.to_string());
  return {shape[0], shape[1], shape[2], shape[3], shape[4]};
}

}  // namespace revunet
