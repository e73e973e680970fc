#include "kernels/channel_dropout/channel_dropout.h"

namespace revunet::REVUNET_CPU {

void channel_dropout(const Context& ctx, const Tensor& x, const ChannelDropout& dropout, Tensor& scaled, Write write) {
  if (!ctx.device.computes()) return;
  dispatch_compute(x.dtype(), [&]<class T>() {
    const T* from = x.data<T>();
    T* to = scaled.data<T>();
    for (int64_t c = 0; c < x.elements(); ++c) {
      const T value = static_cast<T>(dropout_scale(dropout, c)) * from[c];
      to[c] = write == Write::add ? to[c] + value : value;
    }
  });
}

}  // namespace revunet::REVUNET_CPU
