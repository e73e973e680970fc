#include "engine/process/host_memory_failure.h"

#include "engine/process/host_memory.h"

namespace revunet {

namespace {

const char* owner_of(HostMemory::Limit limit) {
  switch (limit) {
    case HostMemory::Limit::address_space:
      return "`ulimit -v` lets this process have";
    case HostMemory::Limit::control_group:
      return "its container or job lets this process have";
    default:
      return "this machine has";
  }
}

}  // namespace

OutOfMemoryError out_of_host_memory(const std::string& purpose) {
  const HostMemory memory = host_memory();
  return OutOfMemoryError(
      fmt::format("[memory] expected host memory for {}, got none: {} {:.1f} MiB; {}, or give fewer `threads`", purpose,
                  owner_of(memory.limit), mib(memory.total),
                  memory.limit == HostMemory::Limit::machine ? "close other programs" : "raise it"));
}

}  // namespace revunet
