#include "kernels/add/add.h"

namespace revunet::REVUNET_CPU {

void add_forward(const Context& ctx, const Tensor& a, const Tensor& b, Tensor& y) {
  if (!ctx.device.computes()) return;
  dispatch(y.dtype(), [&]<class T>() {
    const T *pa = a.data<T>(), *pb = b.data<T>();
    T* py = y.data<T>();
    const int64_t n = y.elements();
#pragma omp parallel for simd
    for (int64_t i = 0; i < n; ++i) set_rounded(py[i], pa[i] + pb[i]);
  });
}

}  // namespace revunet::REVUNET_CPU
