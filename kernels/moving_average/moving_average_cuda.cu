#include "kernels/cuda/elementwise.h"
#include "kernels/moving_average/moving_average.h"

namespace revunet::cuda {

namespace {

struct Towards {
  float share;
  __device__ float operator()(float average, float x) const { return average + share * (x - average); }
};

}  // namespace

void moving_average(const Context& ctx, const Tensor& x, double share, Tensor& average) {
  elementwise(ctx, average, x, average, false, Towards{static_cast<float>(share)});
}

}  // namespace revunet::cuda
