// How long OpenMP's threads spin while they wait for work or for each other. By default libgomp's spin for
// milliseconds, in which they keep a core from whoever has work for it: two runs on one machine took 4 times as
// long as one alone. Threads that sleep at once have to be woken for each of many short parallel loops.
#pragma once

namespace revunet {

// Has the threads of this program spin for tens of microseconds at most, before they sleep. libgomp reads its settings
// before main(), so this starts the program anew, with the setting in its environment: to be called before anything
// else is done. Returns in the new program; where the environment already says how threads wait; and where the program
// cannot be started anew, as without /proc: then it is slower while other programs run, and nothing else.
void bound_spinning(char** argv);

}  // namespace revunet
