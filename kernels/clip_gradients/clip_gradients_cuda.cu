#include "kernels/clip_gradients/clip_gradients.h"
#include "kernels/cuda/block_reduce.h"
#include "kernels/cuda/elementwise.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 256;  // threads per block

// Each block leaves one part.
__global__ void __launch_bounds__(kThreads) squares_kernel(int64_t elements, const float* x, double* parts) {
  REVUNET_SHARED(double, shared, kThreads);
  double sum = 0;
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.y; i < elements; i += step) {
    sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  shared[threadIdx.y] = sum;
  reduce_rows(shared, [](double& to, double from) { to += from; });
  if (threadIdx.y == 0) parts[blockIdx.x] = shared[0];
}

struct Scale {
  float factor;
  __device__ float operator()(float x, float) const { return x * factor; }
};

}  // namespace

void sum_of_squares(const Context& ctx, const Tensor& x, Tensor& sums, int64_t row) {
  launch(ctx, blocks_for(x.elements(), kThreads, kSumParts), dim3(1, kThreads), squares_kernel, x.elements(),
         x.data<float>(), sums.data<double>() + row * kSumParts);
}

void scale(const Context& ctx, Tensor& x, double factor) {
  elementwise(ctx, x, x, x, false, Scale{static_cast<float>(factor)});
}

}  // namespace revunet::cuda
