#include "kernels/sigmoid/sigmoid.h"

#include "kernels/chunks.h"

namespace revunet::REVUNET_CPU {

void sigmoid_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  if (!ctx.device.computes()) return;
  dispatch(x.dtype(), [&]<class T>() {
    const auto into = [&]<class Y>(const T* px, Y* py) {
      for_each_chunk(x.elements(), 1,
                     [&](int64_t, int64_t begin, int64_t end) { sigmoid_values(px + begin, end - begin, py + begin); });
    };
    y.dtype() == x.dtype() ? into(x.data<T>(), y.data<T>()) : into(x.data<T>(), y.data<Compute<T>>());
  });
}

void sigmoid_backward(const Context& ctx, const Tensor& y, const Tensor& dy, Tensor& dx, bool accumulate) {
  if (!ctx.device.computes()) return;
  dispatch(y.dtype(), [&]<class T>() {
    const T *py = y.data<T>(), *pdy = dy.data<T>();
    T* pdx = dx.data<T>();
    const int64_t n = y.elements();
#pragma omp parallel for simd
    for (int64_t i = 0; i < n; ++i) {
      const Compute<T> d = pdy[i] * (py[i] * (Compute<T>(1) - py[i]));
      set_rounded(pdx[i], accumulate ? pdx[i] + d : d);
    }
  });
}

}  // namespace revunet::REVUNET_CPU
