// Tests that NCCL, which the programs do not link, is found where CMake found it. It takes no GPU.
#include <nccl.h>

#include "tests/support/catch.h"

TEST_CASE("NCCL is loaded when it is called, in the release of its header") {
  int version = 0;
  REQUIRE(ncclGetVersion(&version) == ncclSuccess);
  CHECK(version / 10000 == NCCL_MAJOR);  // 22809 is 2.28.9
  // The library itself refuses a communicator that is none.
  ncclResult_t error = ncclSuccess;
  CHECK(ncclCommGetAsyncError(nullptr, &error) == ncclInvalidArgument);
  CHECK(ncclAllReduce(nullptr, nullptr, 1, ncclFloat, ncclSum, nullptr, nullptr) == ncclInvalidArgument);
}
