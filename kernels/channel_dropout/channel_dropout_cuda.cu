#include <algorithm>

#include "engine/cuda/launch.h"
#include "kernels/channel_dropout/channel_dropout.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 128;  // threads per block

constexpr int64_t kChannelsALaunch = 512;  // their scales fit into the 4 KiB of a kernel's arguments

struct Scales {
  float of[kChannelsALaunch];
};

__global__ void __launch_bounds__(kThreads)
    channel_dropout_kernel(int64_t channels, const float* x, Scales scales, bool add, float* scaled) {
  const int64_t c = grid_thread();
  if (c >= channels) return;
  scaled[c] = (add ? scaled[c] : 0.0f) + scales.of[c] * x[c];
}

}  // namespace

void channel_dropout(const Context& ctx, const Tensor& x, const ChannelDropout& dropout, Tensor& scaled, Write write) {
  for (int64_t first = 0; first < x.elements(); first += kChannelsALaunch) {
    const int64_t channels = std::min(kChannelsALaunch, x.elements() - first);
    Scales scales{};
    for (int64_t c = 0; c < channels; ++c) scales.of[c] = static_cast<float>(dropout_scale(dropout, first + c));
    launch(ctx, blocks_for(channels, kThreads), dim3(kThreads), channel_dropout_kernel, channels,
           x.data<float>() + first, scales, write == Write::add, scaled.data<float>() + first);
  }
}

}  // namespace revunet::cuda
