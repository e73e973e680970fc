// This is how our own convolutions read an activation that they normalise and activate as they load it.
#pragma once

#include "kernels/conv3d/cuda/conv3d_mma_operands.h"
#include "kernels/cuda/norm.h"
#include "kernels/group_norm_leaky_relu/normed_activation.h"

namespace revunet::cuda {

// Throws Error where the problem's convolution cannot apply this norm.
void expect_fits(const NormedActivation& normed, const ConvolutionProblem& problem);

// Returns mean, scale and shift of each channel, those of padding 0, as workspace: (N, 3, I), f32.
Tensor norm_channels(const Context& ctx, const NormedActivation& normed, const ConvolutionProblem& problem);

// A NormedInput is like an Input, but its operands are y = leak(z) z of its values, which have type S. Outside of the
// volume they are zero, not y of zero.
template <class S, class T>
struct NormedInput : Extents {
  using Operand = T;
  static constexpr int kChannels = kPack<T>;  // of an OperandPack
  const S* data;
  const float* norm;  // (N, 3, C)
  float slope;

  NormedInput(const ConvolutionProblem& p, const NormedActivation& normed, const Tensor& channels)
      : Extents(p, p.I),
        data(normed.x().data<S>()),
        norm(channels.data<float>()),
        slope(static_cast<float>(normed.norm().slope)) {}

  struct PackChannels {
    int index;
    NormChannel of[kChannels];
  };
  __device__ PackChannels channels(int n, int index) const {
    PackChannels channels{index, {}};
    if (index * kChannels >= C) return channels;  // C is whole packs of operands
    const float* const from = norm + n * 3 * C + index * kChannels;
    REVUNET_UNROLL
    for (int first = 0; first < kChannels; first += kPack<float>) {
      const Pack<float> mean = Pack<float>::load(from + first), scale = Pack<float>::load(from + C + first),
                        shift = Pack<float>::load(from + 2 * C + first);
      REVUNET_UNROLL
      for (int i = 0; i < kPack<float>; ++i) channels.of[first + i] = {mean[i], scale[i], shift[i]};
    }
    return channels;
  }

  // Loads in any case, as Input does.
  __device__ OperandPack pack(const PackChannels& channels, int n, int d, int h, int w) const {
    const int64_t from = at(n, d, h, w, channels.index * kChannels);
    StoredPack<T> y;
    REVUNET_UNROLL
    for (int first = 0; first < kChannels; first += kPack<S>) {
      const Pack<S> x = Pack<S>::load(data + (from < 0 ? 0 : from + first));
      REVUNET_UNROLL
      for (int i = 0; i < kPack<S>; ++i) {
        const float z = channels.of[first + i].z(x[i]);
        y.channels[first + i] = static_cast<T>(leak(z, slope) * z);
      }
    }
    OperandPack pack = operands_of(y);
    for (uint32_t& word : pack.words) word = from < 0 ? 0 : word;
    return pack;
  }
};

// Calls f with what a convolution reads: `plain`, or x of `normed` where that is given, whose type is S.
template <class S, class T, class F>
void with_input(const Context& ctx, const ConvolutionProblem& p, const Input<T>& plain, const NormedActivation* normed,
                F f) {
  if (!normed) return f(plain);
  f(NormedInput<S, T>(p, *normed, norm_channels(ctx, *normed, p)));
}

}  // namespace revunet::cuda
