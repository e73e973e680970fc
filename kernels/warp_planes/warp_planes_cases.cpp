#include "kernels/op_case.h"

namespace revunet {

// None: it has no gradient. tests/kernels/warp_planes_test.cpp checks it.
std::vector<OpCase> warp_planes_cases(const LevelSize&) {
  return {};
}

}  // namespace revunet
