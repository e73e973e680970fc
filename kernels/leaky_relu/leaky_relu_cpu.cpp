#include "kernels/leaky_relu/leaky_relu.h"

namespace revunet::REVUNET_CPU {

void leaky_relu_forward(const Context& ctx, const Tensor& x, double slope, Tensor& y) {
  if (!ctx.device.computes()) return;
  dispatch(x.dtype(), [&]<class T>() {
    const T* px = x.data<T>();
    T* py = y.data<T>();
    const auto s = static_cast<Compute<T>>(slope);
    const int64_t n = x.elements();
#pragma omp parallel for simd
    for (int64_t i = 0; i < n; ++i) set_rounded(py[i], (px[i] > 0 ? Compute<T>{1} : s) * px[i]);
  });
}

void leaky_relu_backward(const Context& ctx, const Tensor& y, const Tensor& dy, double slope, Tensor& dx,
                         bool accumulate) {
  if (!ctx.device.computes()) return;
  dispatch(y.dtype(), [&]<class T>() {
    const T *py = y.data<T>(), *pdy = dy.data<T>();
    T* pdx = dx.data<T>();
    const auto s = static_cast<Compute<T>>(slope);
    const int64_t n = y.elements();
#pragma omp parallel for simd
    for (int64_t i = 0; i < n; ++i) {
      const Compute<T> d = (py[i] > 0 ? Compute<T>{1} : s) * pdy[i];
      set_rounded(pdx[i], accumulate ? pdx[i] + d : d);
    }
  });
}

}  // namespace revunet::REVUNET_CPU
