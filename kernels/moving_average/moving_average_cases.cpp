#include "kernels/op_case.h"

namespace revunet {

// None: an average is no function of its inputs alone. tests/kernels/weight_update_test.cpp checks it.
std::vector<OpCase> moving_average_cases(const LevelSize&) {
  return {};
}

}  // namespace revunet
