// An ItemLoop shares the items of a convolution among threads. Each thread has its own tiles, and its own workspace for
// packed operands and for rows of values that are not packed yet.
#pragma once

#include <omp.h>

#include <algorithm>

#include "engine/tensor.h"
#include "kernels/conv3d/cpu/amx/tiles.h"

namespace revunet::amx {

// A thread's packed operands take about so many bytes, which its second-level cache holds.
inline constexpr int64_t kPackedBytes = 1 << 20;

// Returns into how many bf16 each value is split that convolutions multiply (vectors.h).
inline int parts_of(DType operands) {
  return operands == DType::bf16 ? 1 : 3;
}

class ItemLoop {
 public:
  // Takes the workspace: `packed` bf16 and `values` f32 for each thread.
  ItemLoop(const Context& ctx, int64_t items, int64_t packed, int64_t values)
      : items_(items),
        threads_(static_cast<int>(std::min<int64_t>(cpu_threads(), items))),
        packed_(ctx.for_workspace(), {threads_, packed}, DType::bf16),
        values_(ctx.for_workspace(), {threads_, values}, DType::f32) {}

  // Calls work(item, packed, values) for every item, in any order.
  template <class F>
  void run(const F& work) {
    const int64_t packed = packed_.shape()[1], values = values_.shape()[1];
#pragma omp parallel num_threads(threads_)
    {
      const TileRegisters tiles;
      bfloat16* own_packed = packed_.data<bfloat16>() + omp_get_thread_num() * packed;
      float* own_values = values_.data<float>() + omp_get_thread_num() * values;
#pragma omp for schedule(dynamic)
      for (int64_t i = 0; i < items_; ++i) work(i, own_packed, own_values);
    }
  }

 private:
  int64_t items_;
  int threads_;
  Tensor packed_, values_;
};

}  // namespace revunet::amx
