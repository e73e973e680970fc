#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/chunks.h"
#include "kernels/sigmoid/sigmoid.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet::cpu {

namespace {

// Sets sums[0], sums[R] and sums[2 R] to sum(p t), sum(p) and sum(t) of one region, which has every R-th of `count`
// elements.
template <class T>
void add_overlap(const Compute<T>* probability, const T* target, int64_t count, int64_t R, double* sums) {
  double both = 0, predicted = 0, present = 0;
  for (int64_t i = 0; i < count; i += R) {
    const auto p = static_cast<double>(probability[i]);
    const auto truth = static_cast<double>(target[i]);
    both += p * truth;
    predicted += p;
    present += truth;
  }
  sums[0] = both, sums[R] = predicted, sums[2 * R] = present;
}

// Returns the same region's sum of the cross entropy.
template <class T>
double cross_entropy_of(const T* logits, const T* target, int64_t count, int64_t R) {
  double sum = 0;
  for (int64_t i = 0; i < count; i += R) {
    const auto z = static_cast<Compute<T>>(logits[i]), t = static_cast<Compute<T>>(target[i]);
    sum += static_cast<double>(std::max(z, Compute<T>(0)) - z * t + std::log1p(std::exp(-std::abs(z))));
  }
  return sum;
}

// The gradient of one region's loss by a logit is made of these factors:
// (constant + of_target t) sigmoid'(z) + of_error (sigmoid(z) - t).
template <class C>
struct Gradient {
  C constant, of_target, of_error;
};

// With a = 2 sum(p t) + s and b = sum(p) + sum(t) + s, Dice's loss = 1 - a / b, so dloss/dp = a / b^2 - (2 / b) t.
template <class C>
Gradient<C> gradient_of_region(const double* sums, int64_t R, double dloss, double share_of_voxel) {
  const double a = 2 * sums[0] + kDiceSmoothing, b = sums[R] + sums[2 * R] + kDiceSmoothing;
  return {static_cast<C>(dloss * a / (b * b)), static_cast<C>(dloss * -2 / b), static_cast<C>(dloss * share_of_voxel)};
}

}  // namespace

void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& target, double cross_entropy,
                          Tensor& losses, Tensor& sums) {
  if (!ctx.device.computes()) return;
  dispatch(logits.dtype(), [&]<class T>() {
    const T *z = logits.data<T>(), *t = target.data<T>();
    const Activation in = activation(logits.shape());
    const int64_t R = in.C, voxels = in.N * in.voxels(), rows = sums.shape()[0];
    const std::vector<double> total = sum_chunks(voxels, R, rows * R, [&](int64_t begin, int64_t end, double* sum) {
      const int64_t count = (end - begin) * R, first = begin * R;
      std::vector<Compute<T>> probability(static_cast<size_t>(count));
      sigmoid_values(z + first, count, probability.data());
      for (int64_t r = 0; r < R; ++r) {
        add_overlap(probability.data() + r, t + first + r, count - r, R, sum + r);
        if (rows > 3) sum[3 * R + r] = cross_entropy_of(z + first + r, t + first + r, count - r, R);
      }
    });
    std::copy(total.begin(), total.end(), sums.data<double>());
    const double* s = total.data();
    for (int64_t r = 0; r < R; ++r) {
      const double dice = (2 * s[r] + kDiceSmoothing) / (s[R + r] + s[2 * R + r] + kDiceSmoothing);
      const double entropy = rows > 3 ? cross_entropy * s[3 * R + r] / static_cast<double>(voxels) : 0;
      losses.data<Compute<T>>()[r] = static_cast<Compute<T>>(1 - dice + entropy);
    }
  });
}

void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& target, double cross_entropy,
                           const Tensor& sums, const Tensor& dlosses, Tensor& dlogits, bool accumulate) {
  if (!ctx.device.computes()) return;
  dispatch(logits.dtype(), [&]<class T>() {
    using C = Compute<T>;
    const T *z = logits.data<T>(), *t = target.data<T>();
    const C* dloss = dlosses.data<C>();
    T* dz = dlogits.data<T>();
    const Activation in = activation(logits.shape());
    const int64_t R = in.C, voxels = in.N * in.voxels();
    std::vector<Gradient<C>> gradients;
    for (int64_t r = 0; r < R; ++r) {
      gradients.push_back(gradient_of_region<C>(sums.data<double>() + r, R, static_cast<double>(dloss[r]),
                                                cross_entropy / static_cast<double>(voxels)));
    }
#pragma omp parallel for
    for (int64_t voxel = 0; voxel < voxels; ++voxel) {
      for (int64_t r = 0; r < R; ++r) {
        const int64_t i = voxel * R + r;
        const auto& [constant, of_target, of_error] = gradients[static_cast<size_t>(r)];
        const C x = static_cast<C>(z[i]);
        C d = (constant + of_target * t[i]) * sigmoid_derivative_at(x);
        if (cross_entropy > 0) d += of_error * (sigmoid_at(x) - t[i]);
        dz[i] = static_cast<T>(accumulate ? dz[i] + d : d);
      }
    }
  });
}

}  // namespace revunet::cpu
