#include "kernels/chunks.h"
#include "kernels/moving_average/moving_average.h"

namespace revunet::REVUNET_CPU {

void moving_average(const Context& ctx, const Tensor& x, double share, Tensor& average) {
  if (!ctx.device.computes()) return;
  dispatch_compute(x.dtype(), [&]<class T>() {
    const T* from = x.data<T>();
    T* to = average.data<T>();
    for_each_chunk(x.elements(), 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) to[i] += static_cast<T>(share) * (from[i] - to[i]);
    });
  });
}

}  // namespace revunet::REVUNET_CPU
