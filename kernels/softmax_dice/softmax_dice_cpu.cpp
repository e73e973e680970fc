#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/chunks.h"
#include "kernels/dice_formulas.h"
#include "kernels/softmax_dice/softmax_dice.h"

namespace revunet::REVUNET_CPU {

namespace {

size_t class_of(const LabelTable& table, uint8_t label) {
  return static_cast<size_t>(std::countr_zero(table.of_label[label]));
}

// Holds softmax(z) of one voxel. p has the table's classes, and -log p[c] is log_sum - (z[c] - largest).
template <class C>
struct Softmax {
  std::array<C, kMostRegions> p;
  C largest, log_sum;

  template <class T>
  Softmax(const T* z, size_t classes) : largest(static_cast<C>(*std::max_element(z, z + classes))) {
    C sum = 0;
    for (size_t c = 0; c < classes; ++c) sum += p[c] = std::exp(static_cast<C>(z[c]) - largest);
    for (size_t c = 0; c < classes; ++c) p[c] /= sum;
    log_sum = std::log(sum);
  }
};

// The gradient of the losses by p[c] is constant[c] + of_target[c] t[c], apart from the cross entropy's, which is
// of_error (p[c] - t[c]) by z[c].
template <class C>
struct GradientFactors {
  std::array<C, kMostRegions> constant{}, of_target{};  // 0 for the background
  C of_error = 0;

  GradientFactors(const double* sums, size_t classes, const C* dlosses, double cross_entropy) {
    for (size_t c = 1; c < classes; ++c) {
      const DiceGradient dice =
          dice_gradient(sums[c], sums[classes + c], sums[2 * classes + c], static_cast<double>(dlosses[c]));
      constant[c] = static_cast<C>(dice.constant), of_target[c] = static_cast<C>(dice.of_target);
    }
    const double counted = std::accumulate(sums + 2 * classes, sums + 3 * classes, 0.0);
    of_error = static_cast<C>(static_cast<double>(dlosses[0]) * share_of_voxel(cross_entropy, counted));
  }
};

}  // namespace

void softmax_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                          double cross_entropy, Tensor& losses, Tensor& sums) {
  if (!ctx.device.computes()) return;
  dispatch(logits.dtype(), [&]<class T>() {
    using C = Compute<T>;
    const T* z = logits.data<T>();
    const uint8_t* label = labels.data<uint8_t>();
    const int64_t voxels = labels.elements();
    const auto classes = static_cast<size_t>(table.count);
    const auto add = [&](int64_t begin, int64_t end, double* sum) {
      for (int64_t v = begin; v < end; ++v) {
        if (table.ignores(label[v])) continue;
        const T* of_voxel = z + v * table.count;
        const Softmax<C> softmax(of_voxel, classes);
        const size_t own = class_of(table, label[v]);
        for (size_t c = 0; c < classes; ++c) sum[classes + c] += static_cast<double>(softmax.p[c]);
        sum[own] += static_cast<double>(softmax.p[own]);
        sum[2 * classes + own] += 1;
        sum[3 * classes + own] +=
            static_cast<double>(softmax.log_sum - (static_cast<C>(of_voxel[own]) - softmax.largest));
      }
    };
    const std::vector<double> total = sum_chunks(voxels, table.count, 4 * table.count, add);
    std::ranges::copy(total, sums.data<double>());
    const double *present = total.data() + 2 * classes, *entropy = present + classes;
    C* loss = losses.data<C>();
    loss[0] = static_cast<C>(share_of_voxel(cross_entropy, std::accumulate(present, entropy, 0.0)) *
                             std::accumulate(entropy, entropy + classes, 0.0));
    for (size_t c = 1; c < classes; ++c) {
      loss[c] = static_cast<C>(1 - soft_dice(total[c], total[classes + c], present[c]));
    }
  });
}

void softmax_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                           double cross_entropy, const Tensor& sums, const Tensor& dlosses, Tensor& dlogits,
                           bool accumulate) {
  if (!ctx.device.computes()) return;
  dispatch(logits.dtype(), [&]<class T>() {
    using C = Compute<T>;
    const T* z = logits.data<T>();
    const uint8_t* label = labels.data<uint8_t>();
    T* dz = dlogits.data<T>();
    const int64_t voxels = labels.elements();
    const auto classes = static_cast<size_t>(table.count);
    const GradientFactors<C> factors(sums.data<double>(), classes, dlosses.data<C>(), cross_entropy);
#pragma omp parallel for
    for (int64_t v = 0; v < voxels; ++v) {
      T* to = dz + v * table.count;
      if (table.ignores(label[v])) {
        if (!accumulate) std::fill_n(to, classes, T(0));
        continue;
      }
      const Softmax<C> softmax(z + v * table.count, classes);
      const size_t own = class_of(table, label[v]);
      const auto& p = softmax.p;
      // dz[j] = p[j] (g[j] - sum(p g)), where g is the gradient by p.
      C mean = p[own] * factors.of_target[own];
      for (size_t c = 0; c < classes; ++c) mean += p[c] * factors.constant[c];
      for (size_t c = 0; c < classes; ++c) {
        const C t = c == own ? 1 : 0;
        const C by_p = factors.constant[c] + factors.of_target[c] * t;
        const C d = p[c] * (by_p - mean) + factors.of_error * (p[c] - t);
        to[c] = static_cast<T>(accumulate ? to[c] + d : d);
      }
    }
  });
}

}  // namespace revunet::REVUNET_CPU
