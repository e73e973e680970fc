#include "tests/cusim/nccl.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "tests/cusim/cusim.h"
#include "tests/cusim/streams.h"

namespace {

constexpr size_t kMostRanks = 16, kChunk = size_t{1} << 14;  // values that a rank shows to the others at once

// This memory is shared by all ranks. It is zero at first.
struct Shared {
  uint32_t arrived, meetings;
  std::array<uint64_t, kMostRanks> counts;  // of the values of the sum
  std::array<std::array<float, kChunk>, kMostRanks> values;
};

std::atomic<ncclResult_t> error = ncclSuccess;

}  // namespace

struct ncclComm {
  Shared* shared = nullptr;
  size_t rank = 0, ranks = 0;
  std::atomic<bool> aborted = false;
  cudaStream_t stream = nullptr;  // of the last sum

  // Returns once all ranks are here, or this one is aborted.
  void meet(const char* where) {
    const std::atomic_ref<uint32_t> arrived(shared->arrived), meetings(shared->meetings);
    const uint32_t before = meetings;
    if (++arrived == ranks) {
      arrived = 0;
      ++meetings;
      return;
    }
    const auto last = std::chrono::steady_clock::now() + revunet::cusim::kLongestWait;
    while (meetings == before && !aborted) {
      if (std::chrono::steady_clock::now() > last) {
        std::fprintf(stderr, "stand-in of NCCL: rank %zu of %zu has waited for the others too long, in %s\n", rank,
                     ranks, where);
        std::abort();
      }
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  void sum(const float* from, float* to, size_t count) {
    shared->counts[rank] = count;
    meet("ncclAllReduce");
    for (size_t r = 0; r < ranks; ++r) {
      if (aborted || shared->counts[r] == count) continue;
      std::fprintf(stderr, "stand-in of NCCL: rank %zu adds up %zu values, rank %zu %zu\n", rank, count, r,
                   static_cast<size_t>(shared->counts[r]));
      std::abort();
    }
    for (size_t at = 0; at < count && !aborted; at += kChunk) {
      const size_t values = std::min(kChunk, count - at);
      std::memcpy(shared->values[rank].data(), from + at, values * sizeof(float));
      meet("ncclAllReduce");
      for (size_t v = 0; v < values; ++v) {
        float total = shared->values[0][v];
        for (size_t r = 1; r < ranks; ++r) total += shared->values[r][v];
        to[at + v] = total;
      }
      meet("ncclAllReduce");
    }
  }
};

namespace revunet::cusim {

void fail_nccl(ncclResult_t of_network) {
  error = of_network;
}

}  // namespace revunet::cusim

extern "C" {

ncclResult_t ncclGetVersion(int* version) {
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}
const char* ncclGetErrorString(ncclResult_t) {
  return "an error of the stand-in";
}
const char* ncclGetLastError(ncclComm_t) {
  return "simulated";
}

// The id is the name of the memory that the ranks share.
ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static int made = 0;
  std::snprintf(id->internal, sizeof(id->internal), "/revunet-nccl-%d-%d", getpid(), made++);
  return ncclSuccess;
}

ncclResult_t ncclCommInitRank(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank) {
  if (ranks < 1 || static_cast<size_t>(ranks) > kMostRanks || rank < 0 || rank >= ranks) return ncclInvalidArgument;
  const int file = shm_open(id.internal, O_CREAT | O_RDWR, 0600);
  if (file < 0) return ncclSystemError;
  void* const memory = ftruncate(file, sizeof(Shared)) == 0
                           ? mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                           : MAP_FAILED;
  close(file);
  if (memory == MAP_FAILED) return ncclSystemError;
  *comm = new ncclComm;
  (*comm)->shared = static_cast<Shared*>(memory);
  (*comm)->rank = static_cast<size_t>(rank);
  (*comm)->ranks = static_cast<size_t>(ranks);
  (*comm)->meet("ncclCommInitRank");
  if (rank == 0) shm_unlink(id.internal);  // all have it
  return ncclSuccess;
}

ncclResult_t ncclAllReduce(const void* from, void* to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                           ncclComm_t comm, cudaStream_t stream) {
  if (!comm || type != ncclFloat || operation != ncclSum) return ncclInvalidArgument;
  comm->stream = stream;
  revunet::cusim::enqueue(stream, [=] { comm->sum(static_cast<const float*>(from), static_cast<float*>(to), count); });
  return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* found) {
  *found = error;
  return ncclSuccess;
}

// Waits for the sums and for the other ranks.
ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  if (comm->stream) revunet::cusim::run_stream(comm->stream);
  comm->meet("ncclCommDestroy");
  munmap(comm->shared, sizeof(Shared));
  delete comm;
  return ncclSuccess;
}

// The process ends soon: another thread may still be in a sum, so the memory stays.
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  comm->aborted = true;
  return ncclSuccess;
}

}  // extern "C"
