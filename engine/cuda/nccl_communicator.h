// This file adds up gradients that lie on the CUDA devices of several processes, with NCCL.
//
// Rule: sums run on a stream of their own, beside the device's other work. Events order the two streams: a sum begins
// after the work that the device was given before begin_sum(), and work that the device is given after wait() begins
// after the sum. The host waits for neither. So parts and staging keep their memory until wait() has returned. From
// then on the caching allocator may hand it out again, because whoever gets it works on the device's stream.
#pragma once

#include <memory>

#include "engine/device.h"
#include "engine/distributed/communicator.h"

namespace revunet::cuda {

// Throws UsageError for a build without NCCL, and where the library cannot be loaded.
void expect_nccl();

// Returns a communicator of the same processes whose sums take values on `device`, which is this process's own CUDA
// device. `processes` does all else. Both outlive the communicator.
//
// Its first gather() or begin_sum(), which all processes call together, connects the devices. NCCL takes memory of its
// own for that, outside of the allocator. A sum of more than two values is in NCCL's order: with a deterministic device
// it is the same in all runs on the same machines, but not that of the ranks.
//
// Throws Error where NCCL reports one. An error that NCCL finds later, such as a network that breaks, ends the run: a
// thread looks for it, and says which rank found it on which host.
std::unique_ptr<Communicator> make_nccl_communicator(Communicator& processes, Device& device);

}  // namespace revunet::cuda
