// InputRows reads rows of voxels for a convolution: the values of a tensor, or those of a NormedActivation, which it
// computes as it reads. Where a kernel of 3 voxels' width has few channels, a voxel's values are those of it and both
// of its neighbours in the row, so that the kernel has a width of one voxel and sums over more channels.
#pragma once

#include <vector>

#include "kernels/group_norm_leaky_relu/normed_activation.h"

namespace revunet::amx {

// A Geometry says how the voxels of one operand are laid out for tiles.
struct Geometry {
  Geometry(const Activation& voxels, int64_t k);

  int64_t N, D, H, W;
  int64_t k;  // voxels along an edge of the kernel
  int64_t voxel_channels;
  bool folded;  // a position holds the channels of three voxels

  int64_t pad() const { return (k - 1) / 2; }
  int64_t width_taps() const { return folded ? 1 : k; }
  int64_t taps() const { return k * k * width_taps(); }
  int64_t channels() const { return folded ? k * voxel_channels : voxel_channels; }
  int64_t chunks() const;  // of 32 channels
  int64_t padded_channels() const;
  // A row of positions begins with a margin of zeros. That of the next row serves as the margin at its end.
  int64_t margin() const { return folded ? 0 : pad(); }
  int64_t row_positions() const { return margin() + W; }
};

class InputRows {
 public:
  InputRows(const Tensor& x, int64_t k);
  InputRows(const NormedActivation& x, int64_t k);

  const Geometry& geometry() const { return geometry_; }

  // Sets `to` (W, padded_channels) to row h of plane d of image n. The channels behind the last one are zero. `scratch`
  // has room for as many values.
  void read(int64_t n, int64_t d, int64_t h, float* to, float* scratch) const;
  int64_t row_values() const { return geometry_.W * geometry_.padded_channels(); }

 private:
  void read_voxels(int64_t n, int64_t row, int64_t stride, float* to) const;

  Tensor x_;
  Geometry geometry_;
  bool normed_ = false;
  float slope_ = 0;
  std::vector<float> coefficients_;  // (N, 3, C): mean, scale and shift of a channel
};

}  // namespace revunet::amx
