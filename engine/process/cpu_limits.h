// These functions say what limits the number of CPU threads.
#pragma once

#include <filesystem>
#include <optional>

namespace revunet {

inline constexpr int kMostCpuThreads = 1024;  // as many as large machines have; each thread takes memory for its stack

// Returns kMostCpuThreads, or OMP_THREAD_LIMIT where that is less.
int most_cpu_threads();

// Returns the quota of the control groups in whole CPUs, rounded up, or nothing where there is none. `root` is that of
// control_groups. A file that is missing or holds something else sets no limit.
std::optional<int> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace revunet
