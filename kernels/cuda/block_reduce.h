// This function combines the values of a block's threads as a tree. The order follows from the block's shape alone.
#pragma once

#include "engine/cuda/gpu.h"

namespace revunet::cuda {

// Combines the rows of each column of shared (blockDim.y, blockDim.x) into row 0, by combine(to, from). All threads of
// the block synchronise here: what they wrote before can be read. They must synchronise again before anyone writes
// again.
template <class V, class Combine>
__device__ void reduce_rows(V* shared, Combine combine) {
  const unsigned self = threadIdx.y * blockDim.x + threadIdx.x;
  __syncthreads();
  for (unsigned live = blockDim.y; live > 1;) {
    const unsigned half = (live + 1) / 2;
    if (threadIdx.y + half < live) combine(shared[self], shared[self + half * blockDim.x]);
    __syncthreads();
    live = half;
  }
}

}  // namespace revunet::cuda
