#include "engine/device.h"

#include <omp.h>

#include "engine/error.h"

namespace revunet {

void set_cpu_threads(int threads) {
  REVUNET_EXPECTS(threads >= 1, UsageError, "[device] expected at least 1 thread, got {}", threads);
  omp_set_num_threads(threads);
}

int cpu_threads() {
  return omp_get_max_threads();
}

int available_cpu_threads() {
  return omp_get_num_procs();
}

}  // namespace revunet
