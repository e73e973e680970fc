#include <algorithm>
#include <cmath>

#include "engine/cuda/launch.h"
#include "kernels/adam/adam.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 256;         // threads per block
constexpr int64_t kMostBlocks = 256;       // per parameter; with all other parameters this fills any device
constexpr size_t kParametersALaunch = 64;  // so many fit into the 4 KiB of a kernel's arguments

// Rates holds what all parameters have in common.
struct Rates {
  float decay, beta1, new1, beta2, new2, epsilon;
};

struct Update {
  const float* gradient;
  float *parameter, *mean, *mean_square;
  int64_t elements;
  float rate, root_scale;  // for the parameter's own number of steps
};

struct Updates {
  Update list[kParametersALaunch];
};

// blockIdx.y is the parameter.
__global__ void __launch_bounds__(kThreads) adam_kernel(Rates r, Updates updates) {
  const Update& u = updates.list[blockIdx.y];
  for (int64_t i = grid_thread(); i < u.elements; i += grid_threads()) {
    const float g = u.gradient[i] + r.decay * u.parameter[i];
    const float m = r.beta1 * u.mean[i] + r.new1 * g;
    const float v = r.beta2 * u.mean_square[i] + r.new2 * (g * g);
    u.mean[i] = m;
    u.mean_square[i] = v;
    u.parameter[i] -= u.rate * (m / (sqrtf(v) * u.root_scale + r.epsilon));
  }
}

Update update_of(const AdamOptions& o, const AdamUpdate& update) {
  const auto step = static_cast<double>(update.t);
  const double correction1 = 1 - std::pow(o.beta1, step), correction2 = 1 - std::pow(o.beta2, step);
  return {.gradient = update.gradient->data<float>(),
          .parameter = update.parameter->data<float>(),
          .mean = update.mean->data<float>(),
          .mean_square = update.mean_square->data<float>(),
          .elements = update.parameter->elements(),
          .rate = static_cast<float>(o.learning_rate / correction1),
          .root_scale = static_cast<float>(1 / std::sqrt(correction2))};
}

}  // namespace

void adam_update(const Context& ctx, const AdamOptions& o, std::span<const AdamUpdate> updates) {
  const auto f = [](double value) { return static_cast<float>(value); };
  const Rates rates{.decay = f(o.weight_decay),
                    .beta1 = f(o.beta1),
                    .new1 = f(1 - o.beta1),
                    .beta2 = f(o.beta2),
                    .new2 = f(1 - o.beta2),
                    .epsilon = f(o.epsilon)};
  while (!updates.empty()) {
    const auto now = updates.first(std::min(updates.size(), kParametersALaunch));
    updates = updates.subspan(now.size());
    Updates list{};
    std::ranges::transform(now, list.list, [&](const AdamUpdate& update) { return update_of(o, update); });
    int64_t most = 0;
    for (const AdamUpdate& update : now) most = std::max(most, update.parameter->elements());
    dim3 grid = blocks_for(most, kThreads, kMostBlocks);
    grid.y = static_cast<unsigned>(now.size());
    launch(ctx, grid, dim3(kThreads), adam_kernel, rates, list);
  }
}

}  // namespace revunet::cuda
