// What limits the number of CPU threads.
#pragma once

#include <filesystem>
#include <optional>

namespace revunet {

inline constexpr int kMostCpuThreads = 1024;  // as many as large machines have; each takes memory for its stack

// kMostCpuThreads, or OMP_THREAD_LIMIT where that is less.
int most_cpu_threads();

// The quota of the control groups in whole CPUs, rounded up; nothing where there is none. `root` as for control_groups.
// A file that is not there or holds something else sets no limit.
std::optional<int> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace revunet
