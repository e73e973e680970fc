#include "kernels/cuda/elementwise.h"
#include "kernels/leaky_relu/leaky_relu.h"

namespace revunet::cuda {

namespace {

struct Forward {
  float slope;
  __device__ float operator()(float x, float) const { return (x > 0 ? 1.0f : slope) * x; }
};

struct Backward {
  float slope;
  __device__ float operator()(float y, float dy) const { return (y > 0 ? 1.0f : slope) * dy; }
};

}  // namespace

void leaky_relu_forward(const Context& ctx, const Tensor& x, double slope, Tensor& y) {
  elementwise(ctx, x, x, y, false, Forward{static_cast<float>(slope)});
}

void leaky_relu_backward(const Context& ctx, const Tensor& y, const Tensor& dy, double slope, Tensor& dx,
                         bool accumulate) {
  elementwise(ctx, y, dy, dx, accumulate, Backward{static_cast<float>(slope)});
}

}  // namespace revunet::cuda
