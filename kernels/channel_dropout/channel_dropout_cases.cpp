#include "kernels/op_case.h"

namespace revunet {

// None: it works on parameters. tests/kernels/channel_dropout_test.cpp checks it.
std::vector<OpCase> channel_dropout_cases(const LevelSize&) {
  return {};
}

}  // namespace revunet
