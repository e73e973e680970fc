// This file bounds how long OpenMP's threads spin while they wait for work or for each other. By default libgomp's
// threads spin for milliseconds and keep a core from other programs: two runs on one machine took 4 times as long as
// one alone. Threads that sleep at once would have to be woken for each of many short parallel loops.
#pragma once

namespace revunet {

// Makes the threads of this program spin for tens of microseconds at most before they sleep. libgomp reads its settings
// before main(), so this function starts the program anew with the setting in its environment. Call it before anything
// else. It returns in the new program, and where the environment already says how threads wait. It also returns where
// the program cannot be started anew, as without /proc: the program then works, but is slower while other programs run.
void bound_spinning(char** argv);

}  // namespace revunet
