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
constexpr unsigned kThreads = 32;               // of a block that computes a sum
constexpr int64_t kGatheringThreads = 256;

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

// Returns the element of the result that is place `i`. In larger results the places have no period that could match
// that of channels or taps.
__device__ int64_t element_of(int64_t i, int64_t elements) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;
  const auto place = static_cast<uint64_t>(i);
  return static_cast<int64_t>((elements <= kFew ? place : place * kSpread >> 1) % static_cast<uint64_t>(elements));
}

// Each block computes the sum at one place. sums is (places).
template <class T>
__global__ void __launch_bounds__(kThreads) sum_kernel(ConvolutionProblem p, int64_t terms, int64_t elements,
                                                       const T* x, const T* w, const T* y, double* sums) {
  REVUNET_SHARED(double, shared, kThreads);
  const int64_t at = element_of(blockIdx.x, elements);
  double sum = 0;
  for (int64_t i = threadIdx.y; i < terms; i += kThreads) sum += static_cast<double>(term(p, x, w, y, at, i));
  shared[threadIdx.y] = sum;
  reduce_rows(shared, [](double& to, double from) { to += from; });
  if (threadIdx.y == 0) sums[blockIdx.x] = p.alpha * shared[0];
}

// values is (places).
template <class R>
__global__ void __launch_bounds__(kGatheringThreads)
    gather_kernel(int64_t places, int64_t elements, const R* result, double* values) {
  const int64_t i = grid_thread();
  if (i < places) values[i] = static_cast<double>(static_cast<float>(result[element_of(i, elements)]));
}

int64_t terms_of(const ConvolutionProblem& p) {
  if (p.direction == Direction::backward_weight) return p.voxels();
  return p.taps() * (p.direction == Direction::forward ? p.I : p.O);
}

}  // namespace

SpotCheck::SpotCheck(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers)
    : ctx_(ctx),
      problem_(problem),
      buffers_(buffers),
      places_(problem.result_elements() <= kFew ? problem.result_elements() : kSamples) {
  Tensor sums(ctx.for_workspace(), {places_}, DType::f64);
  dispatch_device_operands(problem.result, problem.operands, [&]<class R, class T>() {
    launch(ctx, dim3(static_cast<unsigned>(places_)), dim3(1, kThreads), sum_kernel<T>, problem, terms_of(problem),
           problem.result_elements(), static_cast<const T*>(buffers.x), static_cast<const T*>(buffers.w),
           static_cast<const T*>(buffers.y), sums.data<double>());
  });
  sums_ = to_host_f64(sums);
  before_ = results();
}

std::vector<double> SpotCheck::results() const {
  Tensor values(ctx_.for_workspace(), {places_}, DType::f64);
  dispatch_device_operands(problem_.result, problem_.operands, [&]<class R, class T>() {
    launch(ctx_, blocks_for(places_, kGatheringThreads), dim3(kGatheringThreads), gather_kernel<R>, places_,
           problem_.result_elements(), static_cast<const R*>(buffers_.result(problem_.direction)),
           values.data<double>());
  });
  return to_host_f64(values);
}

double SpotCheck::error() const {
  // One rounding moves a value by at most 2^-8 of it in bf16 and 2^-24 in f32. A result may be rounded more than once.
  const double rounding = problem_.result == DType::bf16 ? 1.0 / (1 << 7) : 1.0 / (1 << 22);
  const std::vector<double> got = results();
  double largest_error = 0, largest_sum = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double expected = (problem_.beta == 0 ? 0 : before_[i]) + sums_[i], error = std::abs(got[i] - expected);
    if (!std::isfinite(error)) return std::numeric_limits<double>::infinity();
    largest_error = std::max(largest_error, error - rounding * std::abs(expected));
    largest_sum = std::max(largest_sum, std::abs(sums_[i]));
  }
  return largest_sum > 0 ? largest_error / largest_sum : largest_error;
}

}  // namespace revunet::cuda
