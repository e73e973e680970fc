// This file computes y = f(a, b), or y += f(a, b), over everything that three tensors of one shape have in memory. The
// padding is included, so f must give 0 for zeros. Throws Error where the tensors are not padded alike.
#pragma once

#include <algorithm>

#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace revunet::cuda {

inline constexpr unsigned kElementwiseThreads = 256;     // per block
inline constexpr int64_t kMostElementwiseBlocks = 4096;  // fills any device; beyond it, a thread takes several packs

// y may be a or b. The last pack may be cut, because only activations have whole packs.
template <class T, class F>
__global__ void __launch_bounds__(kElementwiseThreads)
    elementwise_kernel(int64_t elements, const T* a, const T* b, T* y, bool accumulate, F f) {
  for (int64_t i = grid_thread() * kPack<T>; i < elements; i += grid_threads() * kPack<T>) {
    if (i + kPack<T> <= elements) {
      const Pack<T> u = Pack<T>::load(a + i), v = Pack<T>::load(b + i);
      Pack<T> to = accumulate ? Pack<T>::load(y + i) : Pack<T>{};
      for (int c = 0; c < kPack<T>; ++c) to[c] += f(u[c], v[c]);
      to.store(y + i);
    } else {
      for (int64_t j = i; j < elements; ++j) {
        const float before = accumulate ? static_cast<float>(y[j]) : 0.0f;
        y[j] = static_cast<T>(before + f(static_cast<float>(a[j]), static_cast<float>(b[j])));
      }
    }
  }
}

template <class F>
void elementwise(const Context& ctx, const Tensor& a, const Tensor& b, Tensor& y, bool accumulate, F f) {
  expect_padded_alike(a, y);
  expect_padded_alike(b, y);
  dispatch_f32_bf16(y.dtype(), [&]<class T>() {
    const int64_t elements = y.stored_elements(), packs = (elements + kPack<T> - 1) / kPack<T>;
    launch(ctx, blocks_for(packs, kElementwiseThreads, kMostElementwiseBlocks), dim3(kElementwiseThreads),
           elementwise_kernel<T, F>, elements, a.data<T>(), b.data<T>(), y.data<T>(), accumulate, f);
  });
}

}  // namespace revunet::cuda
