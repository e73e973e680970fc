// PackedWeights are a block of a convolution's weights as the B tiles of AMX, in the order in which they are used.
#pragma once

#include "engine/tensor.h"
#include "kernels/ceil_div.h"
#include "kernels/conv3d/cpu/amx/input_rows.h"
#include "kernels/conv3d/cpu/weight_blocks.h"

namespace revunet::amx {

inline constexpr int64_t kResultChannels = 32;  // a pair of tiles side by side

class PackedWeights {
 public:
  // Packs the block for an input of this geometry, as `parts` bf16 for each weight. A transposed convolution has its
  // taps flipped, and sums over the block's output channels. The memory is workspace.
  PackedWeights(const Context& ctx, const Tensor& weight, const WeightBlock& block, bool transposed,
                const Geometry& geometry, int parts);

  int64_t result_channels() const { return results_; }
  int64_t result_pairs() const { return ceil_div(results_, kResultChannels); }
  // Returns the tiles of one plane of the kernel for a pair of result tiles: (chunks, k, width taps, parts, 2) tiles.
  const bfloat16* plane(int64_t result_pair, int64_t depth_tap) const {
    return packed_.data<bfloat16>() + (result_pair * k_ + depth_tap) * plane_elements_;
  }

 private:
  int64_t results_, k_, plane_elements_;
  Tensor packed_;
};

}  // namespace revunet::amx
