// This file gives each process of a run a device of its own.
#pragma once

#include <string>

#include "engine/distributed/communicator.h"

namespace revunet {

// Returns the device of this process, cpu or cuda:N, where the user gives `name` as device_of takes it. With "auto" and
// "cuda", a process that sees one CUDA device takes it; where it sees several, it takes that of its local rank. All
// processes call it together. It throws the same UsageError in all where some have no device, where two have the same
// one, and where some have a CPU and others a CUDA device.
std::string device_of_process(Communicator& processes, const std::string& name);

}  // namespace revunet
