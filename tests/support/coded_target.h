// Turns a target of 0 and 1 into labels and their table, for losses. Golden files hold targets.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/label_table.h"

namespace revunet::test {

struct CodedTarget {
  Tensor labels;  // (N, D, H, W, 1)
  LabelTable table;
};

// `target` is (N, D, H, W, R) with at most 8 regions. A voxel's label has bit r set where the voxel lies in region r.
inline CodedTarget coded_target(const Context& ctx, const Shape& shape, const std::vector<double>& target) {
  const auto [N, D, H, W, R] = activation(shape);
  std::vector<uint8_t> labels(static_cast<size_t>(N * D * H * W));
  for (size_t i = 0; i < target.size(); ++i) {
    const size_t regions = static_cast<size_t>(R);
    if (target[i] != 0) labels[i / regions] |= static_cast<uint8_t>(1 << i % regions);
  }
  LabelTable table{.count = R};
  for (uint32_t label = 0; label < uint32_t{1} << R; ++label) table.of_label[label] = label;
  return {from_host(ctx, {{N, D, H, W, 1}, DType::u8}, labels), table};
}

}  // namespace revunet::test
