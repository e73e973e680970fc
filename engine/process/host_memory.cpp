#include "engine/process/host_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

#include "engine/process/control_groups.h"

namespace revunet {

namespace {

size_t page_bytes() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Returns what the kernel estimates it can give without swapping, or what is free where it does not say.
size_t available_on_machine() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("MemAvailable:")) return std::stoull(line.substr(line.find(':') + 1)) * 1024;
  }
  return static_cast<size_t>(sysconf(_SC_AVPHYS_PAGES)) * page_bytes();
}

// Returns the bytes of addresses that the process has in use, which `ulimit -v` counts.
size_t addresses_in_use() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * page_bytes();
}

// Returns the first number in a file, or nothing where the file is missing or begins with a word ("max").
std::optional<size_t> number_in(const std::filesystem::path& path) {
  size_t number = 0;
  if (std::ifstream(path) >> number) return number;
  return std::nullopt;
}

// Returns the bytes that the kernel takes back from a group before it ends a process: files that were read and not used
// again.
size_t reclaimable(const ControlGroup& group) {
  const std::string wanted = group.version2 ? "inactive_file" : "total_inactive_file";
  std::ifstream file(group.folder / "memory.stat");
  std::string name;
  for (size_t bytes = 0; file >> name >> bytes;) {
    if (name == wanted) return bytes;
  }
  return 0;
}

// Returns the memory of a group. The kernel ends processes that exceed its limit. In version 1, a huge number means no
// limit.
std::optional<HostMemory> memory_of(const ControlGroup& group) {
  const auto limit = number_in(group.folder / (group.version2 ? "memory.max" : "memory.limit_in_bytes")),
             used = number_in(group.folder / (group.version2 ? "memory.current" : "memory.usage_in_bytes"));
  if (!limit || !used) return std::nullopt;
  const size_t taken = *used - std::min(*used, reclaimable(group));
  return HostMemory{*limit, *limit - std::min(*limit, taken), HostMemory::Limit::control_group};
}

}  // namespace

HostMemory host_memory(const std::filesystem::path& root) {
  const size_t machine = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * page_bytes();
  HostMemory least{machine, std::min(machine, available_on_machine()), HostMemory::Limit::machine};
  const auto reduce = [&](const HostMemory& other) {
    if (other.total < least.total) {
      least.total = other.total;
      least.limit = other.limit;
    }
    least.free = std::min(least.free, other.free);
  };
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    const size_t used = std::min<size_t>(addresses_in_use(), limit.rlim_cur);
    reduce({limit.rlim_cur, limit.rlim_cur - used, HostMemory::Limit::address_space});
  }
  for (const ControlGroup& group : control_groups("memory", root)) {
    if (const auto memory = memory_of(group)) reduce(*memory);
  }
  return least;
}

}  // namespace revunet
