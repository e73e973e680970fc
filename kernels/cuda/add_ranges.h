// This kernel adds the sums that others kept apart by ranges of voxels.
#pragma once

#include <type_traits>

#include "engine/cuda/launch.h"
#include "kernels/cuda/block_reduce.h"

namespace revunet::cuda {

// Sets to (columns) to the sums of partial (ranges, columns), which are added in double. Its blocks are (Columns, Rows)
// threads. The order of additions follows from the number of ranges and from Rows alone.
template <unsigned Columns, unsigned Rows, class To>
__global__ void __launch_bounds__(Columns* Rows)
    add_ranges_kernel(int64_t ranges, int64_t columns, const float* partial, To* to) {
  REVUNET_SHARED(double, shared, Columns* Rows);
  const int64_t column = static_cast<int64_t>(blockIdx.x) * Columns + threadIdx.x;
  const unsigned self = threadIdx.y * Columns + threadIdx.x;
  double sum = 0;
  if (column < columns) {
    for (int64_t r = threadIdx.y; r < ranges; r += Rows) sum += static_cast<double>(partial[r * columns + column]);
  }
  shared[self] = sum;
  reduce_rows(shared, [](double& into, double from) { into += from; });
  if (threadIdx.y != 0 || column >= columns) return;
  if constexpr (std::is_same_v<To, double>) {
    to[column] = shared[self];
  } else {
    to[column] = static_cast<To>(static_cast<float>(shared[self]));
  }
}

template <unsigned Columns, unsigned Rows, class To>
void add_ranges(const Context& ctx, int64_t ranges, int64_t columns, const float* partial, To* to) {
  launch(ctx, blocks_for(columns, Columns), dim3(Columns, Rows), add_ranges_kernel<Columns, Rows, To>, ranges, columns,
         partial, to);
}

}  // namespace revunet::cuda
