#include "kernels/op_case.h"

namespace revunet {

// None: it has no gradient. tests/kernels/change_intensities_test.cpp checks it.
std::vector<OpCase> change_intensities_cases(const LevelSize&) {
  return {};
}

}  // namespace revunet
