#include <cstdlib>
#include <string>

#include "engine/distributed/mpi.h"
#include "engine/error.h"

namespace revunet {

namespace {

// Returns the number in this variable of the environment; 0: there is none.
int number_in(const char* name) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : 0;
}

}  // namespace

bool launched_by_mpi() {
  // OpenMPI's mpirun; the process managers of MPICH and Intel MPI, which Slurm's --mpi=pmi2 stands in for.
  for (const char* size : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (number_in(size) > 0) return number_in(size) > 1;
  }
  const int of_slurm = number_in("SLURM_STEP_NUM_TASKS");
  if (of_slurm <= 1) return false;
  REVUNET_EXPECTS(std::getenv("PMIX_RANK"), UsageError,
                  "[srun] expected processes that MPI can join, got {} that srun has started without PMIx; start them "
                  "with srun's option mpi=pmix, or by mpirun",
                  of_slurm);
  return true;
}

}  // namespace revunet
