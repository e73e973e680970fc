// What the threads of a block have, combined as a tree: the order follows from the block's shape alone.
#pragma once

#include "engine/cuda/gpu.h"

namespace revunet::cuda {

// shared (blockDim.y, blockDim.x): combines the rows of each column into row 0, by combine(to, from). All threads of
// the block meet here; what they wrote is read, and before somebody writes again they have to meet once more.
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
