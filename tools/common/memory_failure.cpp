#include "tools/common/memory_failure.h"

#include "engine/memory/host_memory.h"
#include "engine/memory/report.h"

namespace revunet::tools {

OutOfMemoryError out_of_host_memory(const std::string& purpose) {
  const HostMemory memory = host_memory();
  return OutOfMemoryError(
      fmt::format("[memory] expected host memory for {}, got none: {} {:.1f} MiB; {}, or give fewer --threads", purpose,
                  memory.limited ? "`ulimit -v` lets this process have" : "this machine has", mib(memory.total),
                  memory.limited ? "raise it" : "close other programs"));
}

}  // namespace revunet::tools
