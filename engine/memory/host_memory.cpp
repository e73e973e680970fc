#include "engine/memory/host_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace revunet {

namespace {

size_t page_bytes() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// What the kernel reckons it can give without swapping; what is free where it does not say.
size_t available_on_machine() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("MemAvailable:")) return std::stoull(line.substr(line.find(':') + 1)) * 1024;
  }
  return static_cast<size_t>(sysconf(_SC_AVPHYS_PAGES)) * page_bytes();
}

// The addresses that the process has in use, which are what `ulimit -v` counts.
size_t addresses_in_use() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * page_bytes();
}

}  // namespace

HostMemory host_memory() {
  const size_t machine = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * page_bytes();
  rlimit limit{};
  const bool limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < machine;
  if (!limited) return {machine, std::min(machine, available_on_machine()), false};
  const size_t used = std::min<size_t>(addresses_in_use(), limit.rlim_cur);
  return {limit.rlim_cur, std::min<size_t>(limit.rlim_cur - used, available_on_machine()), true};
}

}  // namespace revunet
