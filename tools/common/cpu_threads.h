// The option --threads of the tools.
#pragma once

namespace revunet::tools {

// The number of threads that --threads asks for. 0: OMP_NUM_THREADS where it is set, otherwise one for each CPU that
// this process may use (available_cpu_threads). UsageError for what cannot be.
int threads_of_option(int threads);

// Sets the number of CPU threads, after it has started and ended so many: OpenMP itself would end the process where the
// system refuses one. UsageError that says how many did start.
void use_cpu_threads(int threads);

}  // namespace revunet::tools
