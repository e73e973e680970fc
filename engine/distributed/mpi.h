// This file joins the processes that an MPI launcher has started, such as mpirun or srun.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/distributed/communicator.h"

namespace revunet {

// Returns whether a launcher has started this process as one of several, by the variables that it sets in its
// environment. MPI is not initialised otherwise.
bool launched_by_mpi();

// Returns the words of the command that starts so many processes on this machine by mpirun. Sets OpenMPI's settings for
// it in this process's environment, which mpirun inherits, where the user has not. Throws UsageError for a build
// without MPI.
std::vector<std::string> prepare_mpirun(int processes);

// Initialises MPI, in a thread of its own, which does all communication and listens for the others: a process that
// hears nothing from the rank before it for kSilence ends the run, with a message that names that rank and its host.
// Call it once. Throws Error where MPI cannot be initialised.
std::unique_ptr<Communicator> join_mpi();

inline constexpr double kSilence = 15;  // seconds

}  // namespace revunet
