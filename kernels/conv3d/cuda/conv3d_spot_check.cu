#include "kernels/conv3d/cuda/conv3d_spot_check.h"

#include <cmath>
#include <limits>

#include "engine/cuda/launch.h"
#include "engine/tensor.h"
#include "kernels/cuda/block_reduce.h"
#include "kernels/cuda/pack.h"

namespace revunet::cuda {

namespace {

constexpr int64_t kSamples = 512, kFew = 2048;  // up to kFew results, all are checked
constexpr unsigned kThreads = 32;

// Returns the voxel that is moved from (d, h, w) of voxel `at` by tap `tap` of the kernel, or of the flipped kernel; -1
// outside the volume.
__device__ int64_t neighbour(const ConvolutionProblem& p, int64_t at, int64_t tap, int64_t sign) {
  const int64_t pad = (p.k - 1) / 2, n = at / (p.W * p.H * p.D);
  const int64_t d = at / (p.W * p.H) % p.D + sign * (tap / (p.k * p.k) - pad);
  const int64_t h = at / p.W % p.H + sign * (tap / p.k % p.k - pad), w = at % p.W + sign * (tap % p.k - pad);
  if (d < 0 || h < 0 || w < 0 || d >= p.D || h >= p.H || w >= p.W) return -1;
  return ((n * p.D + d) * p.H + h) * p.W + w;
}

// Returns term i of the sum that gives element `at` of the result.
template <class T>
__device__ float term(const ConvolutionProblem& p, const T* x, const T* w, const T* y, int64_t at, int64_t i) {
  const int64_t taps = p.k * p.k * p.k;
  const auto value = [](const T* from, int64_t place) { return static_cast<float>(from[place]); };
  if (p.direction == Direction::forward) {
    const int64_t o = at % p.O, from = neighbour(p, at / p.O, i / p.I, 1);
    return from < 0 ? 0 : value(x, from * p.I + i % p.I) * value(w, o * taps * p.I + i);
  }
  if (p.direction == Direction::backward_data) {
    const int64_t c = at % p.I, tap = i / p.O, o = i % p.O, from = neighbour(p, at / p.I, tap, -1);
    return from < 0 ? 0 : value(y, from * p.O + o) * value(w, (o * taps + tap) * p.I + c);
  }
  const int64_t o = at / (taps * p.I), from = neighbour(p, i, at / p.I % taps, 1);
  return from < 0 ? 0 : value(y, i * p.O + o) * value(x, from * p.I + at % p.I);
}

// Each block computes one sample. values is (samples, 2): expected, got.
template <class T, class R>
__global__ void sample_kernel(ConvolutionProblem p, int64_t terms, int64_t elements, const T* x, const T* w, const T* y,
                              const R* result, double* values) {
  REVUNET_SHARED(double, shared, kThreads);
  // In larger results the places have no period that could match that of channels or taps.
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;
  const auto at = static_cast<int64_t>((elements <= kFew ? blockIdx.x : blockIdx.x * kSpread >> 1) %
                                       static_cast<uint64_t>(elements));
  double sum = 0;
  for (int64_t i = threadIdx.y; i < terms; i += kThreads) sum += static_cast<double>(term(p, x, w, y, at, i));
  shared[threadIdx.y] = sum;
  reduce_rows(shared, [](double& to, double from) { to += from; });
  if (threadIdx.y != 0) return;
  values[2 * blockIdx.x] = p.alpha * shared[0];
  values[2 * blockIdx.x + 1] = static_cast<double>(static_cast<float>(result[at]));
}

int64_t terms_of(const ConvolutionProblem& p) {
  if (p.direction == Direction::backward_weight) return p.voxels();
  return p.taps() * (p.direction == Direction::forward ? p.I : p.O);
}

}  // namespace

double sampled_error(const Context& ctx, const ConvolutionProblem& p, const ConvolutionBuffers& buffers) {
  const int64_t samples = p.result_elements() <= kFew ? p.result_elements() : kSamples;
  Tensor values(ctx.for_workspace(), {samples, 2}, DType::f64);
  dispatch_device_operands(p.result, p.operands, [&]<class R, class T>() {
    launch(ctx, dim3(static_cast<unsigned>(samples)), dim3(1, kThreads), sample_kernel<T, R>, p, terms_of(p),
           p.result_elements(), static_cast<const T*>(buffers.x), static_cast<const T*>(buffers.w),
           static_cast<const T*>(buffers.y), static_cast<const R*>(buffers.result(p.direction)), values.data<double>());
  });
  const std::vector<double> pairs = to_host_f64(values);
  double difference = 0, largest = 0;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (!std::isfinite(pairs[i + 1] - pairs[i])) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(pairs[i + 1] - pairs[i]));
    largest = std::max(largest, std::abs(pairs[i]));
  }
  return largest > 0 ? difference / largest : difference;
}

}  // namespace revunet::cuda
