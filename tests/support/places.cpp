#include "tests/support/places.h"

#include <cstdlib>

namespace revunet::test {

std::string golden_dir() {
  const char* const named = std::getenv("REVUNET_GOLDEN_DIR");  // on a machine without the project
  return named ? named : REVUNET_GOLDEN_DIR;
}

std::string shared_dir() {
  return REVUNET_SHARED_DIR;
}

std::string docs_dir() {
  return REVUNET_DOCS_DIR;
}

std::string tools_dir() {
  return REVUNET_TOOLS_DIR;
}

bool has_mpi() {
  return REVUNET_WITH_MPI;
}

std::string peer_program() {
  return REVUNET_PEER;
}

std::string hosts_script() {
  return REVUNET_HOSTS_SCRIPT;
}

std::string failing_disk() {
  return REVUNET_FAILING_DISK;
}

}  // namespace revunet::test
