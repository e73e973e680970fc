// The memory that this process may take on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace revunet {

struct HostMemory {
  // What gives the least: the whole machine, `ulimit -v`, or the container or cluster job.
  enum class Limit { machine, address_space, control_group };
  size_t total, free;  // bytes; free: what the process could take besides what it has
  Limit limit;         // of total
};

// In MiB, as messages speak of memory.
constexpr double mib(uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

// As it is now. Other programs and the process itself change it. `root` as for control_groups.
HostMemory host_memory(const std::filesystem::path& root = "/");

}  // namespace revunet
