#include <cmath>

#include "kernels/adam/adam.h"
#include "kernels/chunks.h"

namespace revunet::REVUNET_CPU {

namespace {

template <class T>
void update_one(const AdamOptions& options, const AdamUpdate& update) {
  const double step = static_cast<double>(update.t);
  const double correction1 = 1 - std::pow(options.beta1, step), correction2 = 1 - std::pow(options.beta2, step);
  const T decay = static_cast<T>(options.weight_decay), epsilon = static_cast<T>(options.epsilon);
  const T beta1 = static_cast<T>(options.beta1), new1 = static_cast<T>(1 - options.beta1);
  const T beta2 = static_cast<T>(options.beta2), new2 = static_cast<T>(1 - options.beta2);
  const T rate = static_cast<T>(options.learning_rate / correction1);
  const T root_scale = static_cast<T>(1 / std::sqrt(correction2));

  const T* pg = update.gradient->data<T>();
  T *p = update.parameter->data<T>(), *m = update.mean->data<T>(), *v = update.mean_square->data<T>();
  for_each_chunk(update.parameter->elements(), 1, [&](int64_t, int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      const T g = pg[i] + decay * p[i];
      m[i] = beta1 * m[i] + new1 * g;
      v[i] = beta2 * v[i] + new2 * (g * g);
      p[i] -= rate * (m[i] / (std::sqrt(v[i]) * root_scale + epsilon));
    }
  });
}

}  // namespace

void adam_update(const Context& ctx, const AdamOptions& options, std::span<const AdamUpdate> updates) {
  if (!ctx.device.computes()) return;
  for (const AdamUpdate& update : updates) {
    dispatch_compute(update.parameter->dtype(), [&]<class T>() { update_one<T>(options, update); });
  }
}

}  // namespace revunet::REVUNET_CPU
