#include "tools/trace/trace.h"

#include <fmt/chrono.h>

#include <ctime>

#include "tools/common/tool_main.h"

namespace revunet::tools {

TraceHeader make_header(const std::string& program, DeviceKind device, int threads, const MemorySettings& settings) {
  return {.program = fmt::format("{} {}", program, version()),
          .date = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))),
          .device = device == DeviceKind::meta   ? "meta"
                    : device == DeviceKind::cuda ? "cuda"
                                                 : "cpu",
          .threads = threads,
          .settings = settings};
}

}  // namespace revunet::tools
