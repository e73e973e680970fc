// Checks on any device that voxels with an ignored label count in no sum of a loss and get no gradient.
#pragma once

#include <functional>
#include <limits>

#include "kernels/sigmoid_dice/sigmoid_dice.h"
#include "kernels/softmax_dice/softmax_dice.h"
#include "tests/kernels/op_case_run.h"

namespace revunet::test {

inline LabelTable three_regions() {
  LabelTable table{.count = 3};
  table.of_label[1] = 0b011, table.of_label[2] = 0b110;
  return table;
}

// A LabelLoss is a loss of logits and labels, with its weights bound.
using LabelLoss = std::function<Variable(const Context&, Variable logits, Tensor labels, const LabelTable& table)>;

inline LabelLoss sigmoid_dice_with(double cross_entropy) {
  return [=](const Context& ctx, Variable logits, Tensor labels, const LabelTable& table) {
    return sigmoid_dice(ctx, std::move(logits), std::move(labels), table, cross_entropy);
  };
}

inline LabelLoss softmax_dice_with(double cross_entropy) {
  return [=](const Context& ctx, Variable logits, Tensor labels, const LabelTable& table) {
    return softmax_dice(ctx, std::move(logits), std::move(labels), table, cross_entropy);
  };
}

// Returns losses, then the gradient of their sum. `logits` are (labels, table.count).
inline HostTensors losses_of(Device& device, DType dtype, const LabelLoss& loss, const std::vector<double>& logits,
                             const std::vector<uint8_t>& labels, const LabelTable& table) {
  Tape tape;
  const Context ctx{device, &tape};
  const auto voxels = static_cast<int64_t>(labels.size());
  Variable z = tape.track(from_host(ctx, {{1, voxels, 1, 1, table.count}, dtype, Layout::activation}, logits));
  const Variable dz_of({}, z.slot);
  Variable losses = loss(ctx, std::move(z), from_host(ctx, {{1, voxels, 1, 1, 1}, DType::u8}, labels), table);
  HostTensors results = {to_host_f64(losses.value)};
  const std::vector<double> ones(results[0].size(), 1.0);
  std::vector<Tape::Seed> seeds;
  seeds.push_back({losses.slot, from_host(ctx, losses.value.spec(), ones)});
  tape.backward(ctx, std::move(seeds));
  results.push_back(to_host_f64(tape.gradient(dz_of)));
  return results;
}

// `table` says what the labels from 0 to one less than its count are. Voxels of label 9 are ignored. They have NaNs as
// logits, and the result is that of a volume without them.
inline void check_ignored_voxels(Device& device, DType dtype, const LabelLoss& loss, LabelTable table,
                                 double tolerance) {
  table.ignored = 9;
  const auto C = static_cast<size_t>(table.count);
  std::vector<uint8_t> all, counted;
  std::vector<double> logits_of_all, logits_of_counted, kept = rounded(normal_values(300 * table.count, 7));
  for (size_t v = 0; v < 300; ++v) {
    const auto label = static_cast<uint8_t>(v % 4 == 1 ? 9 : v * 5 % C);
    all.push_back(label);
    if (label != 9) counted.push_back(label);
    for (size_t c = 0; c < C; ++c) {
      logits_of_all.push_back(label == 9 ? std::numeric_limits<double>::quiet_NaN() : kept[v * C + c]);
      if (label != 9) logits_of_counted.push_back(kept[v * C + c]);
    }
  }
  const HostTensors with = losses_of(device, dtype, loss, logits_of_all, all, table),
                    without = losses_of(device, dtype, loss, logits_of_counted, counted, table);
  CHECK(largest_difference(with[0], without[0]) <= tolerance * largest(without[0]));
  std::vector<double> gradient_of_counted;
  for (size_t v = 0; v < all.size(); ++v) {
    for (size_t c = 0; c < C; ++c) {
      if (all[v] != 9) gradient_of_counted.push_back(with[1][v * C + c]);
      if (all[v] == 9) CHECK(with[1][v * C + c] == 0);
    }
  }
  CHECK(largest_difference(gradient_of_counted, without[1]) <= tolerance * largest(without[1]));

  const std::vector<uint8_t> none(5, 9);
  const HostTensors of_none = losses_of(device, dtype, loss, std::vector<double>(5 * C, 0.5), none, table);
  CHECK(of_none[0] == std::vector<double>(C, 0));
  CHECK(of_none[1] == std::vector<double>(5 * C, 0));
}

inline void check_ignored_voxels(Device& device, DType dtype, const LabelLoss& loss, const LabelTable& table) {
  INFO(name_of(dtype));
  // The sums have another order, and a result in bf16 may be rounded the other way.
  check_ignored_voxels(device, dtype, loss, table,
                       dtype == DType::bf16  ? 1.0 / 128
                       : dtype == DType::f32 ? 2e-6
                                             : 1e-14);
}

}  // namespace revunet::test
