#include "engine/device.h"

#include <omp.h>

#include <algorithm>

#include "engine/error.h"
#include "engine/process/cpu_limits.h"

namespace revunet {

void set_cpu_threads(int threads) {
  REVUNET_EXPECTS(threads >= 1 && threads <= kMostCpuThreads, UsageError, "[device] expected 1 to {} threads, got {}",
                  kMostCpuThreads, threads);
  omp_set_num_threads(threads);
}

int cpu_threads() {
  return omp_get_max_threads();
}

int available_cpu_threads() {
  const int cpus = std::min(omp_get_num_procs(), most_cpu_threads());
  return std::min(cpus, cpu_quota().value_or(cpus));
}

}  // namespace revunet
