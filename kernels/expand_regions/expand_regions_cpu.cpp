#include "kernels/expand_regions/expand_regions.h"

namespace revunet::cpu {

void expand_regions(const Context& ctx, const Tensor& labels, Tensor& regions) {
  if (!ctx.device.computes()) return;
  dispatch(regions.dtype(), [&]<class T>() {
    const uint8_t* from = labels.data<uint8_t>();
    T* to = regions.data<T>();
    const int64_t voxels = labels.elements();
    const T inside = static_cast<T>(1.0f), outside = static_cast<T>(0.0f);
#pragma omp parallel for
    for (int64_t v = 0; v < voxels; ++v) {
      for (int64_t r = 0; r < kRegions; ++r) to[v * kRegions + r] = is_in_region(from[v], r) ? inside : outside;
    }
  });
}

}  // namespace revunet::cpu
