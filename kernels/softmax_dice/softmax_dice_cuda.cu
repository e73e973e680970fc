#include <cfloat>

#include "kernels/cuda/channel_sums.h"
#include "kernels/cuda/label_voxels.h"
#include "kernels/dice_formulas.h"
#include "kernels/softmax_dice/softmax_dice.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kLossThreads = 32;  // one per class
static_assert(kLossThreads >= kMostRegions);
constexpr unsigned kBackwardThreads = 256;     // per block, each with a voxel at a time
constexpr int64_t kMostBackwardBlocks = 4096;  // fills any device; beyond it, a thread takes several voxels

// p[c] is exp(z[c] - largest) / sum. The largest logit begins as a finite number, because packs of infinite ones would
// leave -infinity less itself.
struct Normaliser {
  float largest = -FLT_MAX, sum = 0;
};

// One pass over the packs of a voxel keeps the largest logit so far, and rescales the sum where that changes.
template <class T>
__device__ Normaliser normaliser_of(const Voxels<const T>& logits, int64_t voxel, int64_t classes) {
  constexpr int N = kPack<T>;
  Normaliser n;
  for (int64_t first = 0; first < classes; first += N) {
    const Channels<N> z = logits.template load<N>(voxel, first / N);
    float largest = n.largest;
    for (int i = 0; i < N; ++i) largest = first + i < classes ? fmaxf(largest, z[i]) : largest;
    n.sum *= expf(n.largest - largest);
    for (int i = 0; i < N; ++i) n.sum += first + i < classes ? expf(z[i] - largest) : 0.0f;
    n.largest = largest;
  }
  return n;
}

// Holds one channel's logit as terms() takes it.
struct OfClass {
  float z;
  Normaliser normaliser;
};

template <int N>
struct SoftmaxPack {
  Channels<N> z;
  Normaliser normaliser;

  __device__ OfClass operator[](int i) const { return {z[i], normaliser}; }
};

// SoftmaxVoxels loads as Voxels do, with what all classes of a voxel have in common. Where a voxel has several packs,
// the thread of each reads them all, which are in the cache.
template <class T>
struct SoftmaxVoxels : Voxels<const T> {
  int64_t classes;

  template <int N>
  __device__ SoftmaxPack<N> load(int64_t voxel, int64_t index) const {
    return {Voxels<const T>::template load<N>(voxel, index), normaliser_of<T>(*this, voxel, classes)};
  }
};

// The terms are p t, p, t, and -log p where t is 1. The padding's sums are not read.
struct Overlap {
  struct Nothing {};
  __device__ Nothing channel(int64_t) const { return {}; }
  __device__ void terms(Nothing, float t, const OfClass& of, float (&to)[4]) const {
    const float x = of.z - of.normaliser.largest, p = expf(x) / of.normaliser.sum;
    to[0] = t == 1.0f ? p : 0.0f;
    to[1] = t != kNotCounted ? p : 0.0f;
    to[2] = t == 1.0f ? 1.0f : 0.0f;
    to[3] = t == 1.0f ? logf(of.normaliser.sum) - x : 0.0f;
  }
};

// Sums of one row of the classes.
__device__ double row_sum(int64_t classes, const double* row) {
  double sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += row[c];
  return sum;
}

// Reduces by_channel (4, stride) to sums (4, C) and losses (C).
__global__ void __launch_bounds__(kLossThreads) losses_kernel(int64_t classes, int64_t stride, double cross_entropy,
                                                              const double* by_channel, double* sums, float* losses) {
  const int64_t c = grid_thread();
  if (c >= classes) return;
  double s[4];
  for (int k = 0; k < 4; ++k) sums[k * classes + c] = s[k] = by_channel[k * stride + c];
  double loss = 1 - soft_dice(s[0], s[1], s[2]);
  if (c == 0) {
    const double counted = row_sum(classes, by_channel + 2 * stride);
    loss = share_of_voxel(cross_entropy, counted) * row_sum(classes, by_channel + 3 * stride);
  }
  losses[c] = static_cast<float>(loss);
}

// The gradient of the losses by p[c] is constant[c] + of_target[c] t[c], apart from the cross entropy's, which is
// of_error (p[c] - t[c]) by z[c].
struct GradientFactors {
  float constant[kMostRegions], of_target[kMostRegions];  // 0 for the background
  float of_error;

  __device__ void set(int64_t c, int64_t classes, double cross_entropy, const double* sums, const float* dlosses) {
    const auto dloss = static_cast<double>(dlosses[c]);
    DiceGradient dice = dice_gradient(sums[c], sums[classes + c], sums[2 * classes + c], dloss);
    if (c == 0) {
      dice = {0, 0};
      of_error = static_cast<float>(dloss * share_of_voxel(cross_entropy, row_sum(classes, sums + 2 * classes)));
    }
    constant[c] = static_cast<float>(dice.constant);
    of_target[c] = static_cast<float>(dice.of_target);
  }
};

// dz may be z. What needs all packs is computed before the first is written, and each pack is read before it is
// written.
template <class T>
__global__ void __launch_bounds__(kBackwardThreads)
    backward_kernel(int64_t voxels, int64_t classes, double cross_entropy, LabelVoxels labels, Voxels<const T> z,
                    const double* sums, const float* dlosses, bool accumulate, Voxels<T> dz) {
  constexpr int N = kPack<T>;
  REVUNET_SHARED(GradientFactors, factors, 1);
  if (threadIdx.x < classes) factors->set(threadIdx.x, classes, cross_entropy, sums, dlosses);
  __syncthreads();
  const auto by_p = [&](int64_t c, float t) { return factors->constant[c] + factors->of_target[c] * t; };
  for (int64_t v = grid_thread(); v < voxels; v += grid_threads()) {
    const Normaliser n = normaliser_of(z, v, classes);
    const Targets t = labels.of_voxel(v);
    // dz[j] = p[j] (g[j] - sum(p g)), where g is the gradient by p.
    float mean = 0;
    for (int64_t first = 0; first < classes; first += N) {
      const Channels<N> logits = z.template load<N>(v, first / N);
      for (int i = 0; i < N; ++i) {
        if (first + i < classes) mean += expf(logits[i] - n.largest) / n.sum * by_p(first + i, t[first + i]);
      }
    }
    for (int64_t first = 0; first < classes; first += N) {
      const Channels<N> logits = z.template load<N>(v, first / N);
      Channels<N> to = {};
      if (accumulate) to = Voxels<const T>{dz.data, dz.stride}.template load<N>(v, first / N);
      for (int i = 0; i < N; ++i) {
        if (!t.counted || first + i >= classes) continue;
        const float p = expf(logits[i] - n.largest) / n.sum;
        to[i] += p * (by_p(first + i, t[first + i]) - mean) + factors->of_error * (p - t[first + i]);
      }
      dz.template store<N>(v, first / N, to);
    }
  }
}

}  // namespace

void softmax_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                          double cross_entropy, Tensor& losses, Tensor& sums) {
  const int64_t classes = table.count;
  dispatch_f32_bf16(logits.dtype(), [&]<class T>() {
    const auto z = voxels_of<T>(logits);
    const Tensor by_channel =
        channel_sums<4>(ctx, labels.elements(), LabelVoxels(labels, table), SoftmaxVoxels<T>{z, classes}, Overlap{});
    launch(ctx, blocks_for(classes, kLossThreads), dim3(kLossThreads), losses_kernel, classes, z.stride, cross_entropy,
           by_channel.data<double>(), sums.data<double>(), losses.data<float>());
  });
}

void softmax_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                           double cross_entropy, const Tensor& sums, const Tensor& dlosses, Tensor& dlogits,
                           bool accumulate) {
  const int64_t voxels = labels.elements();
  dispatch_f32_bf16(logits.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(voxels, kBackwardThreads, kMostBackwardBlocks), dim3(kBackwardThreads), backward_kernel<T>,
           voxels, table.count, cross_entropy, LabelVoxels(labels, table), voxels_of<T>(logits), sums.data<double>(),
           dlosses.data<float>(), accumulate, voxels_of<T>(dlogits));
  });
}

}  // namespace revunet::cuda
