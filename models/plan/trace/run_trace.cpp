#include "models/plan/trace/run_trace.h"

#include <fmt/chrono.h>

#include <ctime>

namespace revunet {

TraceHeader make_header(const std::string& program, DeviceKind device, int threads, const MemorySettings& settings) {
  return {.program = program,
          .date = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))),
          .device = device == DeviceKind::meta   ? "meta"
                    : device == DeviceKind::cuda ? "cuda"
                                                 : "cpu",
          .threads = threads,
          .cpu_instructions = cpu_instructions(),
          .settings = settings};
}

}  // namespace revunet
