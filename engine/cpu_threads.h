// This file says how many CPU threads a program uses, and sees that they can be started.
#pragma once

namespace revunet {

// Returns `threads`, unless it is 0, which leaves the choice: OMP_NUM_THREADS where that is set, otherwise one thread
// for each CPU that this process may use (available_cpu_threads).
int chosen_cpu_threads(int threads);

// Sets the number of CPU threads, after it has started and ended so many, because OpenMP would end the process where
// the system refuses one. Throws UsageError that says how many did start.
void use_cpu_threads(int threads);

}  // namespace revunet
