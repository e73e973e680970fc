#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/sigmoid_at.h"
#include "kernels/sigmoid/sigmoid.h"

namespace revunet::cuda {

namespace {

// Each thread computes one element of y's memory. The padding gets zeros, which are not the sigmoid of zero.
template <class X, class Y>
__global__ void __launch_bounds__(kElementwiseThreads)
    forward_kernel(int64_t stored, int64_t channels, int64_t x_stride, int64_t y_stride, const X* x, Y* y) {
  for (int64_t i = grid_thread(); i < stored; i += grid_threads()) {
    const int64_t c = i % y_stride, voxel = i / y_stride;
    y[i] = static_cast<Y>(c < channels ? sigmoid_at(static_cast<float>(x[voxel * x_stride + c])) : 0.0f);
  }
}

struct Backward {
  __device__ float operator()(float y, float dy) const { return dy * (y * (1.0f - y)); }
};

}  // namespace

void sigmoid_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  const int64_t stored = y.stored_elements(), channels = x.shape()[x.shape().rank() - 1];
  dispatch_f32_bf16(x.dtype(), [&]<class T>() {
    const auto into = [&]<class Y>(Y* to) {
      launch(ctx, blocks_for(stored, kElementwiseThreads, kMostElementwiseBlocks), dim3(kElementwiseThreads),
             forward_kernel<T, Y>, stored, channels, x.channel_stride(), y.channel_stride(), x.data<T>(), to);
    };
    y.dtype() == x.dtype() ? into(y.data<T>()) : into(y.data<float>());
  });
}

void sigmoid_backward(const Context& ctx, const Tensor& y, const Tensor& dy, Tensor& dx, bool accumulate) {
  elementwise(ctx, y, dy, dx, accumulate, Backward{});
}

}  // namespace revunet::cuda
