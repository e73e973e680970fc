#include <mpi.h>

#include <array>
#include <cstdlib>

#include "engine/distributed/mpi.h"

namespace revunet {

std::vector<std::string> prepare_mpirun(int processes) {
#ifdef OPEN_MPI
  // The environment says it in place of options, whose names differ between versions: OpenMPI 4 reads the first of two
  // names, OpenMPI 5 the second.
  constexpr std::array<std::array<const char*, 2>, 7> kSettings = {{
      {"OMPI_ALLOW_RUN_AS_ROOT", "1"},  // as in a container
      {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
      {"OMPI_MCA_hwloc_base_binding_policy", "none"},  // processes have threads, which would else be on one core
      {"PRTE_MCA_hwloc_default_binding_policy", "none"},
      {"OMPI_MCA_rmaps_base_oversubscribe", "1"},  // there may be more processes than cores
      {"PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"},
      {"OMPI_MCA_mpi_yield_when_idle", "1"},
  }};
  for (const auto& [name, value] : kSettings) setenv(name, value, 0);  // what the user sets stays
#endif
  return {"mpirun", "-n", std::to_string(processes)};
}

}  // namespace revunet
