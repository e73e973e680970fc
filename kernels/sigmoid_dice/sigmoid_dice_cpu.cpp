#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/chunks.h"
#include "kernels/dice_formulas.h"
#include "kernels/sigmoid/sigmoid.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet::REVUNET_CPU {

namespace {

// Sets sums[0], sums[R] and sums[2 R] to sum(p t), sum(p) and sum(t) of region r over the voxels of `labels`.
template <class C>
void sum_overlap(const C* probability, std::span<const uint8_t> labels, const LabelTable& table, int64_t r,
                 double* sums) {
  const int64_t R = table.count;
  double both = 0, predicted = 0, present = 0;
  for (const uint8_t label : labels) {
    const auto p = static_cast<double>(probability[r]);
    probability += R;
    if (table.ignores(label)) continue;
    const double truth = table.contains(r, label) ? 1 : 0;
    both += p * truth;
    predicted += p;
    present += truth;
  }
  sums[0] = both, sums[R] = predicted, sums[2 * R] = present;
}

// Sets sums[0] and sums[R] to the same region's sum of the cross entropy and the number of voxels that count.
template <class T>
void sum_cross_entropy(const T* logits, std::span<const uint8_t> labels, const LabelTable& table, int64_t r,
                       double* sums) {
  using C = Compute<T>;
  const int64_t R = table.count;
  double entropy = 0, counted = 0;
  for (const uint8_t label : labels) {
    const auto z = static_cast<C>(logits[r]);
    logits += R;
    if (table.ignores(label)) continue;
    const C t = table.contains(r, label) ? 1 : 0;
    entropy += static_cast<double>(std::max(z, C(0)) - z * t + std::log1p(std::exp(-std::abs(z))));
    ++counted;
  }
  sums[0] = entropy, sums[R] = counted;
}

// The gradient of one region's loss by a logit is made of these factors:
// (constant + of_target t) sigmoid'(z) + of_error (sigmoid(z) - t).
template <class C>
struct Gradient {
  C constant, of_target, of_error;
};

// `sums` begins with the region's own.
template <class C>
Gradient<C> gradient_of_region(const double* sums, int64_t R, double dloss, double cross_entropy) {
  const DiceGradient dice = dice_gradient(sums[0], sums[R], sums[2 * R], dloss);
  const double share = cross_entropy > 0 ? share_of_voxel(cross_entropy, sums[4 * R]) : 0;
  return {static_cast<C>(dice.constant), static_cast<C>(dice.of_target), static_cast<C>(dloss * share)};
}

}  // namespace

void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                          double cross_entropy, Tensor& losses, Tensor& sums) {
  if (!ctx.device.computes()) return;
  dispatch(logits.dtype(), [&]<class T>() {
    const T* z = logits.data<T>();
    const uint8_t* label = labels.data<uint8_t>();
    const int64_t R = table.count, voxels = labels.elements(), rows = sums.shape()[0];
    const std::vector<double> total = sum_chunks(voxels, R, rows * R, [&](int64_t begin, int64_t end, double* sum) {
      const std::span<const uint8_t> chunk(label + begin, static_cast<size_t>(end - begin));
      std::vector<Compute<T>> probability(chunk.size() * static_cast<size_t>(R));
      sigmoid_values(z + begin * R, (end - begin) * R, probability.data());
      for (int64_t r = 0; r < R; ++r) {
        sum_overlap(probability.data(), chunk, table, r, sum + r);
        if (rows > 3) sum_cross_entropy(z + begin * R, chunk, table, r, sum + 3 * R + r);
      }
    });
    std::copy(total.begin(), total.end(), sums.data<double>());
    for (int64_t r = 0; r < R; ++r) {
      const double* s = total.data() + r;
      const double counted = rows > 3 ? s[4 * R] : 0;
      const double entropy = counted > 0 ? cross_entropy * s[3 * R] / counted : 0;
      losses.data<Compute<T>>()[r] = static_cast<Compute<T>>(1 - soft_dice(s[0], s[R], s[2 * R]) + entropy);
    }
  });
}

void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                           double cross_entropy, const Tensor& sums, const Tensor& dlosses, Tensor& dlogits,
                           bool accumulate) {
  if (!ctx.device.computes()) return;
  dispatch(logits.dtype(), [&]<class T>() {
    using C = Compute<T>;
    const T* z = logits.data<T>();
    const uint8_t* label = labels.data<uint8_t>();
    const C* dloss = dlosses.data<C>();
    T* dz = dlogits.data<T>();
    const int64_t R = table.count, voxels = labels.elements();
    std::vector<Gradient<C>> gradients;
    for (int64_t r = 0; r < R; ++r) {
      gradients.push_back(
          gradient_of_region<C>(sums.data<double>() + r, R, static_cast<double>(dloss[r]), cross_entropy));
    }
#pragma omp parallel for
    for (int64_t voxel = 0; voxel < voxels; ++voxel) {
      const bool ignored = table.ignores(label[voxel]);
      for (int64_t r = 0; r < R; ++r) {
        const int64_t i = voxel * R + r;
        const auto& [constant, of_target, of_error] = gradients[static_cast<size_t>(r)];
        const C x = static_cast<C>(z[i]), t = table.contains(r, label[voxel]) ? 1 : 0;
        C d = (constant + of_target * t) * sigmoid_derivative_at(x);
        if (cross_entropy > 0) d += of_error * (sigmoid_at(x) - t);
        if (ignored) d = 0;
        set_rounded(dz[i], accumulate ? dz[i] + d : d);
      }
    }
  });
}

}  // namespace revunet::REVUNET_CPU
