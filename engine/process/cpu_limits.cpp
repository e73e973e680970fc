#include "engine/process/cpu_limits.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include "engine/process/control_groups.h"

namespace revunet {

namespace {

namespace fs = std::filesystem;

// Returns the microseconds of CPU time and of the period in which they may be used, or nothing where there is no limit.
std::optional<std::pair<double, double>> limit_of(const ControlGroup& group) {
  double quota = 0, period = 0;
  if (group.version2) {
    std::ifstream(group.folder / "cpu.max") >> quota >> period;  // "max 100000" does not parse as a number
  } else {
    std::ifstream(group.folder / "cpu.cfs_quota_us") >> quota;  // -1: no limit
    std::ifstream(group.folder / "cpu.cfs_period_us") >> period;
  }
  if (quota > 0 && period > 0) return std::pair(quota, period);
  return std::nullopt;
}

}  // namespace

int most_cpu_threads() {
  return std::min(kMostCpuThreads, omp_get_thread_limit());
}

std::optional<int> cpu_quota(const fs::path& root) {
  std::optional<int> least;
  for (const ControlGroup& group : control_groups("cpu", root)) {
    const auto limit = limit_of(group);
    if (!limit || limit->first / limit->second > 1e6) continue;  // such a quota limits nothing
    const int cpus = static_cast<int>(std::ceil(limit->first / limit->second));
    least = std::min(cpus, least.value_or(cpus));
  }
  return least;
}

}  // namespace revunet
