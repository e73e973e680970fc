#include <algorithm>
#include <vector>

#include "kernels/chunks.h"
#include "kernels/sigmoid/sigmoid.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet::cpu {

void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& target, Tensor& losses,
                          Tensor& sums) {
  if (!ctx.device.computes()) return;
  dispatch(logits.dtype(), [&]<class T>() {
    const T *z = logits.data<T>(), *t = target.data<T>();
    const Activation in = activation(logits.shape());
    const int64_t R = in.C;
    const std::vector<double> total =
        sum_chunks(in.N * in.voxels(), R, 3 * R, [&](int64_t begin, int64_t end, double* sum) {
          std::vector<Compute<T>> probability(static_cast<size_t>((end - begin) * R));
          sigmoid_values(z + begin * R, (end - begin) * R, probability.data());
          const T* truth_of = t + begin * R;
          for (int64_t r = 0; r < R; ++r) {
            double both = 0, predicted = 0, present = 0;
            for (int64_t i = r; i < (end - begin) * R; i += R) {
              const auto p = static_cast<double>(probability[static_cast<size_t>(i)]);
              const auto truth = static_cast<double>(truth_of[i]);
              both += p * truth;
              predicted += p;
              present += truth;
            }
            sum[r] = both, sum[R + r] = predicted, sum[2 * R + r] = present;
          }
        });
    std::copy(total.begin(), total.end(), sums.data<double>());
    const double* s = total.data();
    for (int64_t r = 0; r < R; ++r) {
      const double dice = (2 * s[r] + kDiceSmoothing) / (s[R + r] + s[2 * R + r] + kDiceSmoothing);
      losses.data<Compute<T>>()[r] = static_cast<Compute<T>>(1 - dice);
    }
  });
}

void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& target, const Tensor& sums,
                           const Tensor& dlosses, Tensor& dlogits, bool accumulate) {
  if (!ctx.device.computes()) return;
  dispatch(logits.dtype(), [&]<class T>() {
    using C = Compute<T>;
    const T *z = logits.data<T>(), *t = target.data<T>();
    const C* dloss = dlosses.data<C>();
    T* dz = dlogits.data<T>();
    const Activation in = activation(logits.shape());
    const int64_t R = in.C;
    // With a = 2 sum(p t) + s and b = sum(p) + sum(t) + s, loss = 1 - a / b, so dloss/dp = a / b^2 - (2 / b) t.
    std::vector<C> constant(static_cast<size_t>(R)), of_target(static_cast<size_t>(R));
    for (int64_t r = 0; r < R; ++r) {
      const double* s = sums.data<double>();
      const double a = 2 * s[r] + kDiceSmoothing, b = s[R + r] + s[2 * R + r] + kDiceSmoothing;
      constant[static_cast<size_t>(r)] = static_cast<C>(static_cast<double>(dloss[r]) * a / (b * b));
      of_target[static_cast<size_t>(r)] = static_cast<C>(static_cast<double>(dloss[r]) * -2 / b);
    }
#pragma omp parallel for
    for (int64_t voxel = 0; voxel < in.N * in.voxels(); ++voxel) {
      for (int64_t r = 0; r < R; ++r) {
        const int64_t i = voxel * R + r;
        const auto region = static_cast<size_t>(r);
        const C d = (constant[region] + of_target[region] * t[i]) * sigmoid_derivative_at(static_cast<C>(z[i]));
        dz[i] = static_cast<T>(accumulate ? dz[i] + d : d);
      }
    }
  });
}

}  // namespace revunet::cpu
