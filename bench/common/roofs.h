// A roof is the most that this machine can do, measured in the same run as the results that are compared with it.
//
// Rule: a roof is the best of several tries, where a benchmark quotes a median, so that noise lowers a share and never
// raises it.
#pragma once

#include "engine/tensor.h"

namespace revunet::bench {

// No cache holds an array of so many bytes: twice the last-level cache that the system reports, and at least
// kLeastBeyondCacheBytes, because virtual machines report less than there is.
inline constexpr int64_t kLeastBeyondCacheBytes = int64_t{256} << 20;
int64_t beyond_cache_bytes();

struct Roofs {
  double flops_per_second;  // f32 multiply-adds in registers, two operations each; 0 on CUDA, which is not measured
  double bytes_per_second;  // of a copy between arrays of beyond_cache_bytes(): read plus written
};

// On the CPU, measures the threads that kernels use.
Roofs measure_roofs(Device& device);

// Overwrites the caches of all threads' cores, so that what is timed next reads its operands from memory.
class CacheFlusher {
 public:
  explicit CacheFlusher(const Context& ctx);
  void flush();

 private:
  Tensor data_;  // beyond_cache_bytes()
};

}  // namespace revunet::bench
