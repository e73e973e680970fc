#include "kernels/op_case.h"

namespace revunet {

// None: a step has no gradient and changes its parameters, which a case must not. tests/kernels/adam_test.cpp checks
// it.
std::vector<OpCase> adam_cases(const LevelSize&) {
  return {};
}

}  // namespace revunet
