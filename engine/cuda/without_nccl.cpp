#include "engine/cuda/nccl_communicator.h"
#include "engine/error.h"

namespace revunet::cuda {

void expect_nccl() {
  throw UsageError(
      "[`device`] expected a build with NCCL for a run of several processes on CUDA devices, got one without; install "
      "NCCL and build again (-DREVUNET_NCCL_ROOT names its folder), or train with one process, or use `device` cpu");
}

std::unique_ptr<Communicator> make_nccl_communicator(Communicator&, Device&) {
  expect_nccl();
  return nullptr;
}

}  // namespace revunet::cuda
