#include "tests/support/places.h"

namespace revunet::test {

std::string golden_dir() {
  return REVUNET_GOLDEN_DIR;
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
