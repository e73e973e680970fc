#include "kernels/cuda/channel_sums.h"
#include "kernels/cuda/sigmoid_at.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet::cuda {

namespace {

// p t, p and t. The padding's sums are not read.
struct Overlap {
  struct Nothing {};
  __device__ Nothing channel(int64_t) const { return {}; }
  __device__ void terms(Nothing, float z, float t, float (&to)[3]) const {
    const float p = sigmoid_at(z);
    to[0] = p * t;
    to[1] = p;
    to[2] = t;
  }
};

// by_channel (3, stride) to sums (3, R) and losses (R).
__global__ void losses_kernel(int64_t R, int64_t stride, const double* by_channel, double* sums, float* losses) {
  const int64_t r = grid_thread();
  if (r >= R) return;
  double s[3];
  for (int k = 0; k < 3; ++k) sums[k * R + r] = s[k] = by_channel[k * stride + r];
  losses[r] = static_cast<float>(1 - (2 * s[0] + kDiceSmoothing) / (s[1] + s[2] + kDiceSmoothing));
}

template <class T>
__global__ void backward_kernel(int64_t voxels, int64_t range, int64_t packs, int64_t R, const T* z, const T* t,
                                const double* sums, const float* dlosses, bool accumulate, T* dz) {
  const VoxelRange at(voxels, range);
  if (at.pack >= packs) return;
  // With a = 2 sum(p t) + s and b = sum(p) + sum(t) + s, loss = 1 - a / b, so dloss/dp = a / b^2 - (2 / b) t.
  Pack<T> constant{}, of_target{};  // zeros in the padding
  for (int c = 0; c < kPack<T>; ++c) {
    const int64_t r = at.pack * kPack<T> + c;
    if (r >= R) continue;
    const double a = 2 * sums[r] + kDiceSmoothing, b = sums[R + r] + sums[2 * R + r] + kDiceSmoothing;
    constant[c] = static_cast<float>(static_cast<double>(dlosses[r]) * a / (b * b));
    of_target[c] = static_cast<float>(static_cast<double>(dlosses[r]) * -2 / b);
  }
  for (int64_t v = at.begin + threadIdx.y; v < at.end; v += blockDim.y) {
    const int64_t place = (v * packs + at.pack) * kPack<T>;
    const Pack<T> logits = Pack<T>::load(z + place), target = Pack<T>::load(t + place);
    Pack<T> to = accumulate ? Pack<T>::load(dz + place) : Pack<T>{};
    for (int c = 0; c < kPack<T>; ++c) {
      to[c] += (constant[c] + of_target[c] * target[c]) * sigmoid_derivative(logits[c]);
    }
    to.store(dz + place);
  }
}

}  // namespace

void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& target, Tensor& losses,
                          Tensor& sums) {
  const Activation in = activation(logits.shape());
  constexpr unsigned kThreads = 32;
  dispatch_f32_bf16(logits.dtype(), [&]<class T>() {
    const Tensor by_channel =
        channel_sums<3>(ctx, in.N * in.voxels(), voxels_of<T>(logits), voxels_of<T>(target), Overlap{});
    launch(ctx, blocks_for(in.C, kThreads), dim3(kThreads), losses_kernel, in.C, logits.channel_stride(),
           by_channel.data<double>(), sums.data<double>(), losses.data<float>());
  });
}

void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& target, const Tensor& sums,
                           const Tensor& dlosses, Tensor& dlogits, bool accumulate) {
  const Activation in = activation(logits.shape());
  dispatch_f32_bf16(logits.dtype(), [&]<class T>() {
    const VoxelGrid g = voxel_grid(in.N * in.voxels(), packs_per_voxel<T>(logits));
    launch(ctx, g.grid, g.block, backward_kernel<T>, g.voxels, g.range, g.packs, in.C, logits.data<T>(),
           target.data<T>(), sums.data<double>(), dlosses.data<float>(), accumulate, dlogits.data<T>());
  });
}

}  // namespace revunet::cuda
