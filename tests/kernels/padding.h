// Checks the padding of activations on any device.
#pragma once

#include <vector>

#include "engine/tensor.h"
#include "tests/support/catch.h"

namespace revunet::test {

// Checks that the channels of padding are zero.
inline void check_padding(const Tensor& x, const Context& ctx) {
  const int64_t channels = activation(x.shape()).C, stride = x.channel_stride(), size = size_of(x.dtype());
  std::vector<char> bytes(x.stored_bytes());
  ctx.device.memory().copy_out(bytes.data(), x.address(), bytes.size());
  const auto per_voxel = static_cast<size_t>(stride * size);
  bool all_zero = true;
  for (size_t voxel = 0; voxel < bytes.size(); voxel += per_voxel) {
    for (auto at = static_cast<size_t>(channels * size); at < per_voxel; ++at) {
      all_zero = all_zero && bytes[voxel + at] == 0;
    }
  }
  CHECK(all_zero);
}

}  // namespace revunet::test
