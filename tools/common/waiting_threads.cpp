#include "tools/common/waiting_threads.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace revunet::tools {

namespace {

// Looks at a value that another thread is to change, before a thread sleeps. In a few rounds of bench-step with a small
// network, on two cores that had other work too, a run alone took 2 % longer with 3000 than with libgomp's 300000, and
// 32 % longer with none. Two at once took 2.0 times as long as one with 3000, and 4.9 times with 300000.
constexpr const char* kSpins = "3000";

}  // namespace

void bound_spinning(char** argv) {
  for (const char* setting : {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}) {
    if (std::getenv(setting)) return;
  }
  // Through the dynamic loader (`ld.so revunet-train ...`), /proc/self/exe is the loader, which would read the options.
  if (getauxval(AT_BASE) == 0) return;
  // By its path, not as /proc/self/exe, which would become its name in lists of processes.
  std::error_code unknown;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (unknown || setenv("GOMP_SPINCOUNT", kSpins, 1) != 0) return;
  execv(program.c_str(), argv);
}

}  // namespace revunet::tools
