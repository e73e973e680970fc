#include "kernels/cuda/channel_sums.h"
#include "kernels/cuda/sigmoid_at.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kLossThreads = 32;  // one per channel

// The terms are p t, p and t, and the cross entropy where K is 4. The padding's sums are not read.
template <int K>
struct Overlap {
  struct Nothing {};
  __device__ Nothing channel(int64_t) const { return {}; }
  __device__ void terms(Nothing, float z, float t, float (&to)[K]) const {
    const float p = sigmoid_at(z);
    to[0] = p * t;
    to[1] = p;
    to[2] = t;
    if constexpr (K == 4) to[3] = fmaxf(z, 0.0f) - z * t + log1pf(expf(-fabsf(z)));
  }
};

// Reduces by_channel (rows, stride) to sums (rows, R) and losses (R). entropy_share multiplies the sum of the cross
// entropy.
__global__ void __launch_bounds__(kLossThreads) losses_kernel(int64_t R, int64_t stride, int rows, double entropy_share,
                                                              const double* by_channel, double* sums, float* losses) {
  const int64_t r = grid_thread();
  if (r >= R) return;
  double s[4] = {};
  for (int k = 0; k < rows; ++k) sums[k * R + r] = s[k] = by_channel[k * stride + r];
  const double dice = (2 * s[0] + kDiceSmoothing) / (s[1] + s[2] + kDiceSmoothing);
  losses[r] = static_cast<float>(1 - dice + entropy_share * s[3]);
}

// entropy_share is cross_entropy divided by voxels.
template <class T>
__global__ void __launch_bounds__(kGridThreads)
    backward_kernel(int64_t voxels, int64_t range, int64_t packs, int64_t R, double entropy_share, const T* z,
                    const T* t, const double* sums, const float* dlosses, bool accumulate, T* dz) {
  const VoxelRange at(voxels, range);
  if (at.pack >= packs) return;
  // With a = 2 sum(p t) + s and b = sum(p) + sum(t) + s, Dice's loss = 1 - a / b, so dloss/dp = a / b^2 - (2 / b) t.
  Pack<T> constant{}, of_target{}, of_error{};  // zeros in the padding
  for (int c = 0; c < kPack<T>; ++c) {
    const int64_t r = at.pack * kPack<T> + c;
    if (r >= R) continue;
    const double a = 2 * sums[r] + kDiceSmoothing, b = sums[R + r] + sums[2 * R + r] + kDiceSmoothing;
    const auto dloss = static_cast<double>(dlosses[r]);
    constant[c] = static_cast<float>(dloss * a / (b * b));
    of_target[c] = static_cast<float>(dloss * -2 / b);
    of_error[c] = static_cast<float>(dloss * entropy_share);
  }
  for (int64_t v = at.begin + threadIdx.y; v < at.end; v += blockDim.y) {
    const int64_t place = (v * packs + at.pack) * kPack<T>;
    const Pack<T> logits = Pack<T>::load(z + place), target = Pack<T>::load(t + place);
    Pack<T> to = accumulate ? Pack<T>::load(dz + place) : Pack<T>{};
    for (int c = 0; c < kPack<T>; ++c) {
      to[c] += (constant[c] + of_target[c] * target[c]) * sigmoid_derivative(logits[c]);
      if (entropy_share > 0) to[c] += of_error[c] * (sigmoid_at(logits[c]) - target[c]);
    }
    to.store(dz + place);
  }
}

}  // namespace

void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& target, double cross_entropy,
                          Tensor& losses, Tensor& sums) {
  const Activation in = activation(logits.shape());
  const int64_t voxels = in.N * in.voxels();
  dispatch_f32_bf16(logits.dtype(), [&]<class T>() {
    const auto z = voxels_of<T>(logits), t = voxels_of<T>(target);
    const int rows = static_cast<int>(sums.shape()[0]);
    const Tensor by_channel =
        rows == 4 ? channel_sums<4>(ctx, voxels, z, t, Overlap<4>{}) : channel_sums<3>(ctx, voxels, z, t, Overlap<3>{});
    launch(ctx, blocks_for(in.C, kLossThreads), dim3(kLossThreads), losses_kernel, in.C, logits.channel_stride(), rows,
           cross_entropy / static_cast<double>(voxels), by_channel.data<double>(), sums.data<double>(),
           losses.data<float>());
  });
}

void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& target, double cross_entropy,
                           const Tensor& sums, const Tensor& dlosses, Tensor& dlogits, bool accumulate) {
  const Activation in = activation(logits.shape());
  const int64_t voxels = in.N * in.voxels();
  dispatch_f32_bf16(logits.dtype(), [&]<class T>() {
    const VoxelGrid g = voxel_grid(voxels, packs_per_voxel<T>(logits));
    launch(ctx, g.grid, g.block, backward_kernel<T>, g.voxels, g.range, g.packs, in.C,
           cross_entropy / static_cast<double>(voxels), packs_of<T>(logits), packs_of<T>(target), sums.data<double>(),
           dlosses.data<float>(), accumulate, packs_of<T>(dlogits));
  });
}

}  // namespace revunet::cuda
