#include "engine/process/waiting_threads.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace revunet {

namespace {

// A thread looks so often at a value that another is to change, before it sleeps.
// bench/results/2026-11-29-epyc-zen1-2-cores-side-by-side.json: a run alone took 1.02 times as long as with libgomp's
// 300000, and two at once took 2.13 times as long as one, in place of 3.82. With 3000 that was 2.58.
constexpr const char* kSpins = "1000";

}  // namespace

void bound_spinning(char** argv) {
  for (const char* setting : {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}) {
    if (std::getenv(setting)) return;
  }
  // Under the dynamic loader (`ld.so revunet-train ...`), /proc/self/exe is the loader, which would read the options.
  if (getauxval(AT_BASE) == 0) return;
  // The program starts by its path. "/proc/self/exe" would become its name in lists of processes.
  std::error_code unknown;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (unknown || setenv("GOMP_SPINCOUNT", kSpins, 1) != 0) return;
  execv(program.c_str(), argv);
}

}  // namespace revunet
