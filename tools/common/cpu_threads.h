// This file implements the option --threads of the tools.
#pragma once

namespace revunet::tools {

// Returns the number of threads that --threads asks for. For 0 it is OMP_NUM_THREADS where that is set, otherwise one
// for each CPU that this process may use (available_cpu_threads). Throws UsageError for an impossible number.
int threads_of_option(int threads);

// Sets the number of CPU threads, after it has started and ended so many, because OpenMP would end the process where
// the system refuses one. Throws UsageError that says how many did start.
void use_cpu_threads(int threads);

}  // namespace revunet::tools
