// This file loads NCCL when the first of its functions is called, as library_calls.cpp does for cuDNN and cuBLAS: only
// runs of several processes need it. A test's stand-in defines the same functions (tests/cusim/nccl.cpp).
#include <nccl.h>

#include "engine/cuda/loaded_library.h"

namespace {

const revunet::cuda::LoadedLibrary& nccl() {
  static const revunet::cuda::LoadedLibrary library("NCCL", fmt::format("libnccl.so.{}", NCCL_MAJOR));
  return library;
}

}  // namespace

REVUNET_LIBRARY_CALL(nccl, ncclResult_t, ncclGetVersion, (int* version), (version))
REVUNET_LIBRARY_CALL(nccl, const char*, ncclGetErrorString, (ncclResult_t result), (result))
REVUNET_LIBRARY_CALL(nccl, const char*, ncclGetLastError, (ncclComm_t comm), (comm))
REVUNET_LIBRARY_CALL(nccl, ncclResult_t, ncclGetUniqueId, (ncclUniqueId * id), (id))
REVUNET_LIBRARY_CALL(nccl, ncclResult_t, ncclCommInitRank, (ncclComm_t * comm, int ranks, ncclUniqueId id, int rank),
                     (comm, ranks, id, rank))
REVUNET_LIBRARY_CALL(nccl, ncclResult_t, ncclCommDestroy, (ncclComm_t comm), (comm))
REVUNET_LIBRARY_CALL(nccl, ncclResult_t, ncclCommAbort, (ncclComm_t comm), (comm))
REVUNET_LIBRARY_CALL(nccl, ncclResult_t, ncclCommGetAsyncError, (ncclComm_t comm, ncclResult_t* error), (comm, error))
REVUNET_LIBRARY_CALL(nccl, ncclResult_t, ncclAllReduce,
                     (const void* from, void* to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                      ncclComm_t comm, cudaStream_t stream),
                     (from, to, count, type, operation, comm, stream))
