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

std::string failing_disk() {
  return REVUNET_FAILING_DISK;
}

}  // namespace revunet::test
