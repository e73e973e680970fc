#include "bench/common/roofs.h"

#include <immintrin.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>

#include "bench/common/statistics.h"

namespace revunet::bench {

namespace {

constexpr int kFmaTries = 100, kCopyTries = 10;

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#else
constexpr int kVectorBytes = 32;
#endif
typedef float Vector __attribute__((vector_size(kVectorBytes)));
constexpr int64_t kLanes = kVectorBytes / sizeof(float);

// Two units with a latency of 4 or 5 cycles need 8 to 10 sums in flight. With two operands they fit 16 registers.
constexpr int kSums = 12;
// So many rounds of kSums multiply-adds take 6 million cycles, about 2 ms, which is less than a time slice.
constexpr int64_t kFmaRounds = 1'000'000;

// Returns what it computed, so that the compiler does not remove it.
float multiply_add_in_registers(float multiplier, float addend) {
  const Vector a = Vector{} + multiplier, b = Vector{} + addend;
  Vector sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = Vector{} + static_cast<float>(i);  // equal sums would be computed once
  for (int64_t round = 0; round < kFmaRounds; ++round) {
#pragma GCC unroll 16
    for (Vector& sum : sums) sum = sum * a + b;
  }
  Vector total{};
  for (const Vector& sum : sums) total += sum;
  return total[0];
}

double measure_flops_per_second() {
  volatile float multiplier = 0.5f, addend = 1.0f, sink = 0;  // converges to 2: no denormals, no infinities
  double best = 0;
  for (int i = 0; i < kFmaTries; ++i) {
    float total = 0;
    const Cost cost = cost_of([&] {
#pragma omp parallel reduction(+ : total)
      total += multiply_add_in_registers(multiplier, addend);
    });
    sink = total;
    const auto flops = static_cast<double>(2 * kFmaRounds * kSums * kLanes * omp_get_max_threads());
    best = std::max(best, flops / cost.seconds);
  }
  (void)sink;
  return best;
}

double measure_bytes_per_second() {
  Device device;
  const Context ctx{device};
  const int64_t bytes = beyond_cache_bytes(), count = bytes / size_of(DType::f32);
  const Tensor from = zeros(ctx, {count}, DType::f32);
  Tensor to = zeros(ctx, {count}, DType::f32);
  const float* source = from.data<float>();
  float* destination = to.data<float>();
  double best = 0;
  for (int i = 0; i < kCopyTries; ++i) {
    const Cost cost = cost_of([&] {
    // Stores past the cache: an ordinary store reads its line first, which would count as a third pass.
#pragma omp parallel for
      for (int64_t j = 0; j < count; j += 8) _mm256_stream_ps(destination + j, _mm256_load_ps(source + j));
    });
    best = std::max(best, 2 * static_cast<double>(bytes) / cost.seconds);
  }
  return best;
}

double measure_device_bytes_per_second(Device& device) {
  const Context ctx{device};
  const int64_t count = beyond_cache_bytes() / size_of(DType::f32);
  const Tensor from = zeros(ctx, {count}, DType::f32);
  Tensor to = zeros(ctx, {count}, DType::f32);
  double best = 0;
  for (int i = 0; i < kCopyTries; ++i) {
    device.memory().synchronize();
    const Cost cost = cost_of([&] {
      device.memory().copy(to.data<float>(), from.data<float>(), from.stored_bytes());
      device.memory().synchronize();
    });
    best = std::max(best, 2 * static_cast<double>(from.stored_bytes()) / cost.seconds);
  }
  return best;
}

}  // namespace

int64_t beyond_cache_bytes() {
  return std::max<int64_t>(kLeastBeyondCacheBytes, 2 * sysconf(_SC_LEVEL3_CACHE_SIZE));
}

Roofs measure_roofs(Device& device) {
  if (device.kind() == DeviceKind::cuda) return {0, measure_device_bytes_per_second(device)};
  return {measure_flops_per_second(), measure_bytes_per_second()};
}

CacheFlusher::CacheFlusher(const Context& ctx)
    : data_(zeros(ctx, {beyond_cache_bytes() / size_of(DType::f32)}, DType::f32)) {}

void CacheFlusher::flush() {
  if (data_.device().kind() == DeviceKind::cuda) return fill_zero(data_);
  float* p = data_.data<float>();
#pragma omp parallel for simd
  for (int64_t i = 0; i < data_.elements(); ++i) p[i] += 1;
}

}  // namespace revunet::bench
