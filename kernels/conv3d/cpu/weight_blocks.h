// This file cuts a convolution over channels in several tensors into convolutions between one input part and one output
// part each.
#pragma once

#include <span>

#include "engine/tensor.h"
#include "kernels/write_mode.h"

namespace revunet {

// A WeightBlock is the block of a weight (O, k, k, k, I) between one input part and one output part: output channels
// [o0, o0 + O) and input channels [i0, i0 + I).
struct WeightBlock {
  int64_t o0, O, i0, I;
};

// Returns the block that is all of the weight.
inline WeightBlock whole(const Tensor& weight) {
  return {0, weight.shape()[0], 0, weight.shape()[4]};
}

// Calls f(weight block, i, j) for every x part i and y part j, y parts outermost.
template <class F>
void for_each_block(std::span<const Tensor> x, std::span<const Tensor> y, F f) {
  int64_t o0 = 0;
  for (size_t j = 0; j < y.size(); ++j) {
    const int64_t O = activation(y[j].shape()).C;
    int64_t i0 = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const int64_t I = activation(x[i].shape()).C;
      f(WeightBlock{o0, O, i0, I}, i, j);
      i0 += I;
    }
    o0 += O;
  }
}

// The first part of the input delivers as asked, and those after it add to that.
inline Write after_first(Write mode, bool first) {
  return first || mode == Write::subtract ? mode : Write::add;
}

}  // namespace revunet
