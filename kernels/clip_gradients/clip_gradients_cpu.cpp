#include "kernels/chunks.h"
#include "kernels/clip_gradients/clip_gradients.h"

namespace revunet::REVUNET_CPU {

void sum_of_squares(const Context& ctx, const Tensor& x, Tensor& sums, int64_t row) {
  if (!ctx.device.computes()) return;
  dispatch_compute(x.dtype(), [&]<class T>() {
    const T* values = x.data<T>();
    sums.data<double>()[row * kSumParts] = sum_chunks(x.elements(), 1, 1, [&](int64_t begin, int64_t end, double* sum) {
      double squares = 0;
      for (int64_t i = begin; i < end; ++i) {
        const auto value = static_cast<double>(values[i]);
        squares += value * value;
      }
      *sum = squares;
    })[0];
  });
}

void scale(const Context& ctx, Tensor& x, double factor) {
  if (!ctx.device.computes()) return;
  dispatch_compute(x.dtype(), [&]<class T>() {
    T* values = x.data<T>();
    for_each_chunk(x.elements(), 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) values[i] *= static_cast<T>(factor);
    });
  });
}

}  // namespace revunet::REVUNET_CPU
