#include <cmath>

#include "engine/cuda/launch.h"
#include "kernels/adam/adam.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 256;     // a block
constexpr int64_t kMostBlocks = 1024;  // the largest weights have 4 million elements

struct Rates {
  float decay, beta1, new1, beta2, new2, rate, root_scale, epsilon;
};

__global__ void adam_kernel(int64_t elements, Rates r, const float* gradient, float* parameter, float* mean,
                            float* mean_square) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < elements; i += step) {
    const float g = gradient[i] + r.decay * parameter[i];
    const float m = r.beta1 * mean[i] + r.new1 * g;
    const float v = r.beta2 * mean_square[i] + r.new2 * (g * g);
    mean[i] = m;
    mean_square[i] = v;
    parameter[i] -= r.rate * (m / (sqrtf(v) * r.root_scale + r.epsilon));
  }
}

}  // namespace

void adam_update(const Context& ctx, const AdamOptions& o, int64_t t, const Tensor& gradient, Tensor& parameter,
                 Tensor& mean, Tensor& mean_square) {
  const auto step = static_cast<double>(t);
  const double correction1 = 1 - std::pow(o.beta1, step), correction2 = 1 - std::pow(o.beta2, step);
  const auto f = [](double value) { return static_cast<float>(value); };
  const Rates rates{.decay = f(o.weight_decay),
                    .beta1 = f(o.beta1),
                    .new1 = f(1 - o.beta1),
                    .beta2 = f(o.beta2),
                    .new2 = f(1 - o.beta2),
                    .rate = f(o.learning_rate / correction1),
                    .root_scale = f(1 / std::sqrt(correction2)),
                    .epsilon = f(o.epsilon)};
  const int64_t elements = parameter.elements();
  launch(ctx, blocks_for(elements, kThreads, kMostBlocks), dim3(kThreads), adam_kernel, elements, rates,
         gradient.data<float>(), parameter.data<float>(), mean.data<float>(), mean_square.data<float>());
}

}  // namespace revunet::cuda
