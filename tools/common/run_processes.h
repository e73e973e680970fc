// These functions join the processes that a launcher has started for a run, and end them together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "engine/distributed/communicator.h"

namespace revunet::tools {

// Returns the processes that a launcher has started together with this one. Where there is no launcher, starts `wanted`
// processes, if it is above 1, and ends with them. Otherwise returns this process alone, as also where 1 is wanted.
std::unique_ptr<Communicator> join_or_launch(int64_t wanted, char** argv);

// Throws UsageError where there are not as many processes as --processes says. 0: any number.
void expect_processes(const Communicator& processes, int64_t wanted);

// Calls body() in each process of a run. Where it throws in all of them, as they have agreed, the first says so and all
// end with the same exit code. Where it throws in this one alone, the others would wait for ever: it says why it cannot
// go on, with its rank and host, and ends all of them. What body() works with outlives this call, because sums may
// still use it.
void run_together(Communicator& processes, const std::function<void()>& body);

// Returns `threads`, or for 0 the number for each process (engine/cpu_threads.h), where those of this machine that may
// use the same CPUs share them. All processes call it.
int threads_of_process(Communicator& processes, int threads);

// Waits until this file, which the first process has written, holds `text` here too. Throws DataError where it does not
// within a minute.
void wait_for_file(const std::filesystem::path& path, const std::string& text);

}  // namespace revunet::tools
