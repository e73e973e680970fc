// This is dropout of whole channels (as torch.nn.Dropout3d) in front of a convolution, where a GroupNorm with LeakyReLU
// comes before it. As LeakyReLU(s v) = s LeakyReLU(v) for s >= 0, scaling gamma and beta of a channel by s scales the
// channel itself. So no volume is read or written for it, and no mask is kept.
//
//   s[c] = 0 with probability `rate`, else 1 / (1 - rate)
//
// s follows from (seed, sample, layer, c) alone, so backward, which rebuilds activations, uses the same s. Source:
// Srivastava et al. (2014); Tompson et al. (2015) for whole channels.
#pragma once

#include "engine/on_device.h"
#include "engine/tensor.h"
#include "kernels/write_mode.h"

namespace revunet {

// A ChannelDropout is the dropout of one layer in one training sample.
struct ChannelDropout {
  double rate = 0;   // in [0, 1); 0: no dropout
  uint64_t key = 0;  // dropout_key(seed, sample, layer)
};

uint64_t dropout_key(uint64_t seed, int64_t sample, int64_t layer);

// Returns s of one channel.
double dropout_scale(const ChannelDropout& dropout, int64_t channel);

// Sets scaled (C) = s x, or adds s x with Write::add. x (C) holds a norm's parameters or their gradients.
// scaled may be x where it is overwritten.
void channel_dropout(const Context& ctx, const Tensor& x, const ChannelDropout& dropout, Tensor& scaled, Write write);

REVUNET_KERNEL(channel_dropout)

}  // namespace revunet
