#include "engine/distributed/mpi.h"
#include "engine/error.h"

namespace revunet {

std::vector<std::string> prepare_mpirun(int) {
  throw UsageError("[`processes`] expected a build with MPI, got one without; build with -DREVUNET_MPI=ON");
}

std::unique_ptr<Communicator> join_mpi() {
  throw UsageError(
      "[mpi] expected a build with MPI, as a launcher has started this process as one of several, got one without; "
      "build with -DREVUNET_MPI=ON, or start one process");
}

}  // namespace revunet
