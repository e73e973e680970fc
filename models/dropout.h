// This file says which channels the residuals of a network drop while it trains. Rule: this follows from seed, sample
// and layer, so that a rebuilt activation gets the mask of its forward pass.
#pragma once

#include <optional>

#include "kernels/channel_dropout/channel_dropout.h"

namespace revunet {

struct Dropout {
  double rate = 0;  // in [0, 1)
  uint64_t seed = 0;
  std::optional<int64_t> sample = {};  // the sample that the network is trained on; none: nothing is dropped

  ChannelDropout of_layer(int64_t layer) const {
    return sample && rate > 0 ? ChannelDropout{rate, dropout_key(seed, *sample, layer)} : ChannelDropout{};
  }
};

}  // namespace revunet
