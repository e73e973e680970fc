// These are convolutions as plain as they can be, channels last, for the stand-in cuDNN. Sanitizers do not watch them:
// that would take most of the tests' time, and their operands are the stand-in's own copies.
#pragma once

#include <cstdint>
#include <vector>

namespace revunet::cusim {

// The stride is 1 and the padding (k - 1) / 2.
struct ConvolutionShape {
  int64_t N, I, O, D, H, W, k;

  int64_t voxels() const { return N * D * H * W; }
  int64_t taps() const { return k * k * k; }
};

// x is (voxels, I), w is (O, taps, I), y is (voxels, O). Each is summed in double precision.
std::vector<double> forward(const ConvolutionShape& c, const std::vector<float>& x, const std::vector<float>& w);
std::vector<double> backward_data(const ConvolutionShape& c, const std::vector<float>& dy, const std::vector<float>& w);
std::vector<double> backward_weight(const ConvolutionShape& c, const std::vector<float>& x,
                                    const std::vector<float>& dy);

}  // namespace revunet::cusim
