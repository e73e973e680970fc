#include "kernels/add/add.h"
#include "kernels/cuda/elementwise.h"

namespace revunet::cuda {

namespace {

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};

}  // namespace

void add_forward(const Context& ctx, const Tensor& a, const Tensor& b, Tensor& y) {
  elementwise(ctx, a, b, y, false, Sum{});
}

}  // namespace revunet::cuda
