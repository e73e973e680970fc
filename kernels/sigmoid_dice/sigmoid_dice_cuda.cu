#include "kernels/cuda/channel_sums.h"
#include "kernels/cuda/label_voxels.h"
#include "kernels/cuda/sigmoid_at.h"
#include "kernels/dice_formulas.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kLossThreads = 32;  // one per channel
static_assert(kLossThreads >= kMostRegions);

// The terms are p t, p and t. With cross entropy, K is 5: it and 1 for each voxel that counts are terms too. The
// padding's sums are not read.
template <int K>
struct Overlap {
  struct Nothing {};
  __device__ Nothing channel(int64_t) const { return {}; }
  __device__ void terms(Nothing, float t, float z, float (&to)[K]) const {
    const bool counts = t != kNotCounted;
    const float p = sigmoid_at(z);
    to[0] = counts ? p * t : 0.0f;
    to[1] = counts ? p : 0.0f;
    to[2] = counts ? t : 0.0f;
    if constexpr (K == 5) {
      to[3] = counts ? fmaxf(z, 0.0f) - z * t + log1pf(expf(-fabsf(z))) : 0.0f;
      to[4] = counts ? 1.0f : 0.0f;
    }
  }
};

// Reduces by_channel (K, stride) to sums (K, R) and losses (R).
template <int K>
__global__ void __launch_bounds__(kLossThreads) losses_kernel(int64_t R, int64_t stride, double cross_entropy,
                                                              const double* by_channel, double* sums, float* losses) {
  const int64_t r = grid_thread();
  if (r >= R) return;
  double s[K];
  for (int k = 0; k < K; ++k) sums[k * R + r] = s[k] = by_channel[k * stride + r];
  double loss = 1 - soft_dice(s[0], s[1], s[2]);
  if constexpr (K == 5) loss += share_of_voxel(cross_entropy, s[4]) * s[3];
  losses[r] = static_cast<float>(loss);
}

template <int K, class T>
void forward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
             double cross_entropy, Tensor& losses, Tensor& sums) {
  const auto z = voxels_of<T>(logits);
  const Tensor by_channel = channel_sums<K>(ctx, labels.elements(), LabelVoxels(labels, table), z, Overlap<K>{});
  launch(ctx, blocks_for(table.count, kLossThreads), dim3(kLossThreads), losses_kernel<K>, table.count, z.stride,
         cross_entropy, by_channel.data<double>(), sums.data<double>(), losses.data<float>());
}

// Holds what backward reads of one voxel's pack: logits, targets and the gradient that it adds to.
template <class T>
struct PackOfVoxel {
  Pack<T> z;
  Targets t;
  Pack<T> before;
};

template <class T>
__global__ void __launch_bounds__(kGridThreads)
    backward_kernel(int64_t voxels, int64_t range, int64_t packs, int64_t R, double cross_entropy, LabelVoxels labels,
                    const T* z, const double* sums, const float* dlosses, bool accumulate, T* dz) {
  const VoxelRange at(voxels, range);
  if (at.pack >= packs) return;
  Pack<T> constant{}, of_target{}, of_error{};  // zeros in the padding
  for (int c = 0; c < kPack<T>; ++c) {
    const int64_t r = at.pack * kPack<T> + c;
    if (r >= R) continue;
    const auto dloss = static_cast<double>(dlosses[r]);
    const DiceGradient dice = dice_gradient(sums[r], sums[R + r], sums[2 * R + r], dloss);
    constant[c] = static_cast<float>(dice.constant);
    of_target[c] = static_cast<float>(dice.of_target);
    if (cross_entropy > 0) of_error[c] = static_cast<float>(dloss * share_of_voxel(cross_entropy, sums[4 * R + r]));
  }
  const auto place = [&](int64_t v) { return (v * packs + at.pack) * kPack<T>; };
  const auto load = [&](int64_t v) {
    return PackOfVoxel<T>{Pack<T>::load(z + place(v)), labels.load<kPack<T>>(v, at.pack),
                          accumulate ? Pack<T>::load(dz + place(v)) : Pack<T>{}};
  };
  at.for_each_voxel<kBatch<2>>(load, [&](int64_t v, const PackOfVoxel<T>& voxel) {
    Pack<T> to = voxel.before;
    for (int c = 0; c < kPack<T>; ++c) {
      if (!voxel.t.counted) continue;
      to[c] += (constant[c] + of_target[c] * voxel.t[c]) * sigmoid_derivative(voxel.z[c]);
      if (cross_entropy > 0) to[c] += of_error[c] * (sigmoid_at(voxel.z[c]) - voxel.t[c]);
    }
    to.store(dz + place(v));
  });
}

}  // namespace

void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                          double cross_entropy, Tensor& losses, Tensor& sums) {
  dispatch_f32_bf16(logits.dtype(), [&]<class T>() {
    const auto run = cross_entropy > 0 ? forward<5, T> : forward<3, T>;
    run(ctx, logits, labels, table, cross_entropy, losses, sums);
  });
}

void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                           double cross_entropy, const Tensor& sums, const Tensor& dlosses, Tensor& dlogits,
                           bool accumulate) {
  dispatch_f32_bf16(logits.dtype(), [&]<class T>() {
    const VoxelGrid g = voxel_grid(labels.elements(), packs_per_voxel<T>(logits));
    launch(ctx, g.grid, g.block, backward_kernel<T>, g.voxels, g.range, g.packs, table.count, cross_entropy,
           LabelVoxels(labels, table), packs_of<T>(logits), sums.data<double>(), dlosses.data<float>(), accumulate,
           packs_of<T>(dlogits));
  });
}

}  // namespace revunet::cuda
