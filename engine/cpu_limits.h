// What limits the number of CPU threads. Linux's control groups limit the time of CPUs: `docker run --cpus 2` on a
// machine of 64 CPUs still shows all 64, and only the files of the control groups tell, of version 2 (cpu.max) or 1
// (cpu.cfs_quota_us).
//
// Rule: a group's limit holds for all groups within it, so the least limit on the way from the process's own group up
// to the root counts.
#pragma once

#include <filesystem>
#include <optional>

namespace revunet {

inline constexpr int kMostCpuThreads = 1024;  // as many as large machines have; each takes memory for its stack

// kMostCpuThreads, or OMP_THREAD_LIMIT where that is less.
int most_cpu_threads();

// The quota in whole CPUs, rounded up; nothing where there is none. `root` is the folder that holds proc and sys: the
// machine's own, or a test's. A file that is not there or holds something else sets no limit.
std::optional<int> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace revunet
