// This is how our own convolutions read an activation that they normalise and activate as they load it (MmaNorm).
#pragma once

#include "kernels/conv3d/cuda/conv3d_mma.h"
#include "kernels/conv3d/cuda/conv3d_mma_operands.h"

namespace revunet::cuda {

// A NormChannel gives z = (x - mean) scale + shift of one channel. All are 0 in the padding, so that z is 0 too.
struct NormChannel {
  float mean, scale, shift;
};

// Throws Error where a convolution cannot apply the norm: for backward_data, and for other types or shapes.
void expect_fits(const MmaNorm& norm, const ConvolutionProblem& problem);

// Returns the NormChannels (N, channels) of a norm, channels with padding, as workspace: (N, channels, 3), f32.
Tensor norm_channels(const Context& ctx, const MmaNorm& norm, int64_t channels);

// A NormedInput is like an Input, but its operands are y = z > 0 ? z : slope z of its values, which have type S.
// Outside of the volume they are zero, not y of zero.
template <class S, class T>
struct NormedInput : Extents {
  using Operand = T;
  static constexpr int kChannels = kPack<T>;  // of an OperandPack
  const S* data;
  const NormChannel* norm;  // (N, C)
  float slope;

  NormedInput(const ConvolutionProblem& p, const void* x, const Tensor& channels, double leaky_relu_slope)
      : Extents(p, p.I),
        data(static_cast<const S*>(x)),
        norm(reinterpret_cast<const NormChannel*>(channels.address())),
        slope(static_cast<float>(leaky_relu_slope)) {}

  struct Channels {
    int index;
    NormChannel of[kChannels];
  };
  __device__ Channels channels(int n, int index) const {
    Channels c{index, {}};
    REVUNET_UNROLL
    for (int i = 0; i < kChannels; ++i) {
      const int channel = index * kChannels + i;
      if (channel < C) c.of[i] = norm[n * C + channel];
    }
    return c;
  }

  __device__ OperandPack pack(const Channels& c, int n, int d, int h, int w) const {
    const int64_t from = at(n, d, h, w, c.index * kChannels);
    StoredPack<T> y;
    REVUNET_UNROLL
    for (int first = 0; first < kChannels; first += kPack<S>) {
      const Pack<S> x = Pack<S>::load(data + (from < 0 ? 0 : from + first));
      REVUNET_UNROLL
      for (int i = 0; i < kPack<S>; ++i) {
        const NormChannel& of = c.of[first + i];
        const float z = (x[i] - of.mean) * of.scale + of.shift;
        y.channels[first + i] = static_cast<T>((z > 0 ? 1.0f : slope) * z);
      }
    }
    OperandPack pack = operands_of(y);
    for (uint32_t& word : pack.words) word = from < 0 ? 0 : word;
    return pack;
  }
};

}  // namespace revunet::cuda
