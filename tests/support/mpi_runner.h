// Runs programs by mpirun, as several processes on this machine.
#pragma once

#include <fmt/format.h>

#include <string>

#include "tests/tools/tool_runner.h"

namespace revunet::test {

// A process that waits for ever ends by timeout, whose exit code this is.
inline constexpr int kTimedOut = 124;
// An mpirun without a terminal of its own works as root and on few cores. Processes share the cores, so waiting threads
// sleep.
inline const std::string kForMpi =
    "CUDA_VISIBLE_DEVICES= OMP_WAIT_POLICY=passive OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
    "OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_rmaps_base_oversubscribe=1 "
    "ASAN_OPTIONS=detect_leaks=0 ";  // OpenMPI leaks, mostly in plugins that are unloaded and have no names then

// Runs a line of bash, which has all day but not longer than `limit` seconds.
inline ToolResult run_limited(const std::string& line, int limit) {
  const TemporaryFolder folder;
  const std::string output = (folder / "output").string(), errors = (folder / "errors").string();
  const auto script = write_bytes(folder / "script.sh", "export " + kForMpi + "\n" + line + "\n");
  const int status = std::system(
      fmt::format("timeout -k 5 {} bash '{}' >{} 2>{} </dev/null", limit, script.string(), output, errors).c_str());
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), read_bytes(output), read_bytes(errors)};
}

}  // namespace revunet::test
