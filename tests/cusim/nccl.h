// These are the calls of NCCL that the project makes, on the CPU, between the processes of one machine.
//
// A sum is work of a stream, and has the bits of adding the ranks' values one after the other. As on devices, it waits
// until it is the turn of the streams of all ranks, but at most kLongestWait: a process that waits longer says so and
// aborts.
#pragma once

#include <nccl.h>

#include <chrono>

namespace revunet::cusim {

inline constexpr std::chrono::seconds kLongestWait{60};

// Makes every communicator of this process report this error from now on, as NCCL does where a network fails.
void fail_nccl(ncclResult_t error);

}  // namespace revunet::cusim
