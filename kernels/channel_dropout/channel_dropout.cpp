#include "kernels/channel_dropout/channel_dropout.h"

#include "engine/rng.h"

namespace revunet {

uint64_t dropout_key(uint64_t seed, int64_t sample, int64_t layer) {
  return splitmix64(splitmix64(splitmix64(seed) + static_cast<uint64_t>(sample)) + static_cast<uint64_t>(layer));
}

double dropout_scale(const ChannelDropout& dropout, int64_t channel) {
  Rng rng(dropout.key, static_cast<uint64_t>(channel));
  return rng.uniform() < dropout.rate ? 0 : 1 / (1 - dropout.rate);
}

void channel_dropout(const Context& ctx, const Tensor& x, const ChannelDropout& dropout, Tensor& scaled, Write write) {
  REVUNET_EXPECTS(dropout.rate >= 0 && dropout.rate < 1, UsageError, "[dropout] expected a rate in [0, 1), got {}",
                  dropout.rate);
  REVUNET_EXPECTS(write != Write::subtract, Error, "[dropout] expected to overwrite or to add, got subtract");
  return REVUNET_ON_DEVICE(channel_dropout, ctx, x, dropout, scaled, write);
}

}  // namespace revunet
