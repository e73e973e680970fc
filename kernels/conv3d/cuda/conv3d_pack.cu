#include "kernels/conv3d/cuda/conv3d_pack.h"

#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace revunet::cuda {

namespace {

constexpr int64_t kThreads = 256, kMostBlocks = 4096;

// A Packed has the extents of a packed block, and says where its elements are in the whole weight.
struct Packed {
  WeightBlock block;
  int64_t taps, padded_I, whole_I, count;

  // Returns the element of the weight that is element i of the packed block, or -1 in the padding.
  __device__ int64_t source(int64_t i) const {
    const int64_t c = i % padded_I, tap = i / padded_I % taps, o = i / (padded_I * taps);
    if (c >= block.I || o >= block.O) return -1;
    return ((block.o0 + o) * taps + tap) * whole_I + block.i0 + c;
  }
};

template <class T>
__global__ void __launch_bounds__(kThreads) pack_kernel(Packed packed, const float* weight, T* to) {
  for (int64_t i = grid_thread(); i < packed.count; i += grid_threads()) {
    const int64_t from = packed.source(i);
    to[i] = static_cast<T>(from < 0 ? 0.0f : weight[from]);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) add_packed_kernel(Packed packed, const T* from, float* dweight) {
  for (int64_t i = grid_thread(); i < packed.count; i += grid_threads()) {
    const int64_t to = packed.source(i);
    if (to >= 0) dweight[to] += static_cast<float>(from[i]);
  }
}

Packed packed_of(const Tensor& packed, const Tensor& weight, const WeightBlock& block) {
  const int64_t k = weight.shape()[1];
  return {block, k * k * k, packed.shape()[4], weight.shape()[4], packed.elements()};
}

}  // namespace

void pack_weights(const Context& ctx, const Tensor& weight, const WeightBlock& block, Tensor& to) {
  const Packed packed = packed_of(to, weight, block);
  dispatch_f32_bf16(to.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(packed.count, kThreads, kMostBlocks), dim3(kThreads), pack_kernel<T>, packed,
           weight.data<float>(), to.data<T>());
  });
}

void add_packed_weights(const Context& ctx, const Tensor& from, const WeightBlock& block, Tensor& dweight) {
  const Packed packed = packed_of(from, dweight, block);
  dispatch_f32_bf16(from.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(packed.count, kThreads, kMostBlocks), dim3(kThreads), add_packed_kernel<T>, packed,
           from.data<T>(), dweight.data<float>());
  });
}

}  // namespace revunet::cuda
