#include "kernels/cast/cast.h"

namespace revunet::REVUNET_CPU {

void cast_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  if (!ctx.device.computes()) return;
  dispatch(x.dtype(), [&]<class X>() {
    dispatch(y.dtype(), [&]<class Y>() {
      const X* px = x.data<X>();
      Y* py = y.data<Y>();
      const int64_t n = x.elements();
#pragma omp parallel for simd
      for (int64_t i = 0; i < n; ++i) set_rounded(py[i], static_cast<Compute<Y>>(px[i]));
    });
  });
}

}  // namespace revunet::REVUNET_CPU
