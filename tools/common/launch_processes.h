// This file starts the processes of a run on this machine, by mpirun.
#pragma once

#include <cstdint>

namespace revunet::tools {

// Starts `count` processes with the same command line, waits until they have ended, and ends this process with their
// exit code. A first signal makes them save and end, and a second one ends them at once. Throws UsageError for a build
// without MPI, and where mpirun cannot be started.
[[noreturn]] void launch_processes(int64_t count, char** argv);

}  // namespace revunet::tools
