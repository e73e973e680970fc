#include "kernels/cuda/channel_sums.h"
#include "kernels/cuda/label_voxels.h"
#include "kernels/cuda/sigmoid_at.h"
#include "kernels/dice_formulas.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kLossThreads = 32;  // one per channel
static_assert(kLossThreads >= kMostRegions);

// The terms are p t, p and t, the cross entropy where K is 4, and 1 for each voxel that counts where K is 5. The
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
    if constexpr (K >= 4) to[3] = counts ? fmaxf(z, 0.0f) - z * t + log1pf(expf(-fabsf(z))) : 0.0f;
    if constexpr (K >= 5) to[4] = counts ? 1.0f : 0.0f;
  }
};

// Reduces by_channel (summed, stride) to sums (rows, R) and losses (R). Where by_channel has no number of voxels that
// count, it is `voxels`.
__global__ void __launch_bounds__(kLossThreads)
    losses_kernel(int64_t R, int64_t stride, int summed, int rows, double voxels, double cross_entropy,
                  const double* by_channel, double* sums, float* losses) {
  const int64_t r = grid_thread();
  if (r >= R) return;
  double s[5] = {0, 0, 0, 0, voxels};
  for (int k = 0; k < summed; ++k) s[k] = by_channel[k * stride + r];
  for (int k = 0; k < rows; ++k) sums[k * R + r] = s[k];
  const double entropy_share = share_of_voxel(cross_entropy, s[4]);
  losses[r] = static_cast<float>(1 - soft_dice(s[0], s[1], s[2]) + entropy_share * s[3]);
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
  const int64_t R = table.count, voxels = labels.elements();
  dispatch_f32_bf16(logits.dtype(), [&]<class T>() {
    const auto z = voxels_of<T>(logits);
    const LabelVoxels t(labels, table);
    const int rows = static_cast<int>(sums.shape()[0]), summed = rows == 3 ? 3 : table.ignored ? 5 : 4;
    const Tensor by_channel = summed == 3   ? channel_sums<3>(ctx, voxels, t, z, Overlap<3>{})
                              : summed == 4 ? channel_sums<4>(ctx, voxels, t, z, Overlap<4>{})
                                            : channel_sums<5>(ctx, voxels, t, z, Overlap<5>{});
    launch(ctx, blocks_for(R, kLossThreads), dim3(kLossThreads), losses_kernel, R, logits.channel_stride(), summed,
           rows, static_cast<double>(voxels), cross_entropy, by_channel.data<double>(), sums.data<double>(),
           losses.data<float>());
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
