// These functions say how much memory this process may take on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace revunet {

struct HostMemory {
  // A Limit says what gives the least memory: the whole machine, `ulimit -v`, or the container or cluster job.
  enum class Limit { machine, address_space, control_group };
  size_t total, free;  // bytes; free: what the process could still take in addition to its own
  Limit limit;         // the limit that sets `total`
};

// Converts to MiB, the unit of messages about memory.
constexpr double mib(uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

// Returns the memory at this moment. Other programs and the process itself change it. `root` is that of control_groups.
HostMemory host_memory(const std::filesystem::path& root = "/");

}  // namespace revunet
