// The memory that this process may take on the host.
#pragma once

#include <cstddef>
#include <filesystem>

namespace revunet {

struct HostMemory {
  // What gives the least: the whole machine, `ulimit -v`, or the container or cluster job.
  enum class Limit { machine, address_space, control_group };
  size_t total, free;  // bytes; free: what the process could take beside what it has
  Limit limit;         // of total
};

// As it is now. Other programs and the process itself change it. `root` as for control_groups.
HostMemory host_memory(const std::filesystem::path& root = "/");

}  // namespace revunet
