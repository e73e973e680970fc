// The memory that this process may take on the host.
#pragma once

#include <cstddef>

namespace revunet {

struct HostMemory {
  size_t total, free;  // bytes; free: what the process could take beside what it has
  bool limited;        // whether it is `ulimit -v` that gives less than the machine has
};

// As it is now. Other programs and the process itself change it.
HostMemory host_memory();

}  // namespace revunet
