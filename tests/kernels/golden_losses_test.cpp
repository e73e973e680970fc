// Tests losses of labels against PyTorch, in losses.safetensors, and softmax_dice against closed forms.
#include <cmath>
#include <limits>

#include "tests/kernels/label_losses.h"
#include "tests/support/golden.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// Label l lies in the regions of the bits of 37 l modulo 512. Label 3 is ignored.
LabelTable nine_regions() {
  LabelTable table{.count = 9, .ignored = 3};
  for (uint32_t label = 0; label < 12; ++label) table.of_label[label] = 37 * label % 512;
  return table;
}

LabelTable classes_and_ignored(int64_t classes) {
  LabelTable table = table_of_classes(classes);
  table.ignored = 255;
  return table;
}

// Returns the losses of logits (voxels, classes) in f64, and the gradient of their sum.
HostTensors softmax_dice_of(const std::vector<double>& logits, const std::vector<uint8_t>& labels,
                            const LabelTable& table, double cross_entropy) {
  Device device;
  return losses_of(device, DType::f64, softmax_dice_with(cross_entropy), logits, labels, table);
}

}  // namespace

TEST_CASE("losses of labels, some of them ignored, equal PyTorch's") {
  struct GoldenLoss {
    std::string name;
    LabelTable table;
    LabelLoss loss;
  };
  static const Golden golden("losses.safetensors");
  for (const GoldenLoss& g : {GoldenLoss{"sigmoid_dice_9", nine_regions(), sigmoid_dice_with(0.5)},
                              GoldenLoss{"softmax_dice_2", classes_and_ignored(2), softmax_dice_with(1.5)},
                              GoldenLoss{"softmax_dice_7", classes_and_ignored(7), softmax_dice_with(1.5)},
                              GoldenLoss{"softmax_dice_32", classes_and_ignored(32), softmax_dice_with(1.5)}}) {
    for (const DType dtype : {DType::f64, DType::f32}) {
      INFO(g.name << " " << name_of(dtype));
      Device device;
      Tape tape;
      const Context ctx{device, &tape};
      Variable z = tape.track(golden.activation(ctx, g.name + ".logits", dtype));
      const Variable dz_of({}, z.slot);
      Variable losses = g.loss(ctx, std::move(z), golden.tensor(ctx, g.name + ".labels", DType::u8), g.table);
      // In f32, probabilities and entropies are rounded a few times, sums are in double, and the loss is rounded once.
      golden.check_close(losses.value, g.name + ".losses_f64", dtype == DType::f64 ? 1e-14 : 2e-7);

      const std::vector<double> ones(static_cast<size_t>(losses.value.elements()), 1.0);
      std::vector<Tape::Seed> seeds;
      seeds.push_back({losses.slot, from_host(ctx, losses.value.spec(), ones)});
      tape.backward(ctx, std::move(seeds));
      // In f64 the engine's own rounding vanishes in that of the stored values.
      golden.check_close(tape.gradient(dz_of), g.name + ".dlogits",
                         dtype == DType::f64 ? kStoredRounding * (1 + 1e-6) : 5e-7);
    }
  }
}

TEST_CASE("softmax_dice of closed forms") {
  const LabelTable table = table_of_classes(3);
  // Nothing is decided: all three probabilities are a third. Four voxels are of class 1, two of the background.
  const HostTensors undecided = softmax_dice_of(std::vector<double>(18, 5), {1, 0, 1, 1, 0, 1}, table, 2);
  CHECK(undecided[0][0] == Approx(2 * std::log(3)).epsilon(1e-15));
  CHECK(undecided[0][1] == Approx(1 - (2 * 4.0 / 3 + 1) / (2 + 4 + 1)).epsilon(1e-15));
  CHECK(undecided[0][2] == Approx(1 - 1.0 / (2 + 0 + 1)).epsilon(1e-15));
  // At a voxel of class 1, with a = 2 sum(p t) + 1 and b = sum(p) + sum(t) + 1, Dice's gradient by p is a / b^2 - 2 / b
  // for class 1 and 1 / 9 for class 2. By z[1] it is p (g[1] - sum(p g)), and the mean entropy's is 2 (p - 1) / 6.
  const double g1 = (2 * 4.0 / 3 + 1) / 49 - 2.0 / 7, g2 = 1.0 / 9;
  CHECK(undecided[1][1] == Approx((g1 - (g1 + g2) / 3) / 3 - 2.0 / 9).epsilon(1e-14));
  CHECK(undecided[1][0] == Approx(-(g1 + g2) / 9 + 1.0 / 9).epsilon(1e-14));
}

TEST_CASE("softmax_dice of large and infinite logits has its closed form") {
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
    Device device;
    check_large_logits(device, dtype);
  }
}

TEST_CASE("softmax_dice leaves logits that others hold, and refuses what are no exclusive classes") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Shape shape{1, 2, 2, 3, 3};
  Variable logits = tape.track(from_host(ctx, shape, DType::f32, normal_values(36, 0)));
  const auto before = to_host_f64(logits.value);
  const Tensor labels = zeros(ctx, {{1, 2, 2, 3, 1}, DType::u8});
  Variable losses = softmax_dice(ctx, logits, labels, table_of_classes(3), 1);
  std::vector<Tape::Seed> seeds;
  seeds.push_back({losses.slot, from_host(ctx, {3}, DType::f32, std::vector<double>(3, 1.0))});
  tape.backward(ctx, std::move(seeds));
  CHECK(to_host_f64(logits.value) == before);

  const Context without = ctx.without_tape();
  CHECK_FALSE(softmax_dice(without, logits, labels, table_of_classes(3), 1).needs_gradient());
  CHECK_THROWS_WITH(softmax_dice(without, logits, labels, table_of_classes(4), 1),
                    ContainsSubstring("[softmax_dice] expected a label table of 3 regions or classes"));
  CHECK_THROWS_WITH(softmax_dice(without, logits, labels, three_regions(), 1),
                    "[softmax_dice] expected exclusive classes, one for label 0, got 0");
  LabelTable two = table_of_classes(3);
  two.of_label[7] = 0b101;
  CHECK_THROWS_WITH(softmax_dice(without, logits, labels, two, 1),
                    "[softmax_dice] expected exclusive classes, one for label 7, got 2");
  two.ignored = 7;
  CHECK_NOTHROW(softmax_dice(without, logits, labels, two, 1));
  const Variable one(zeros(ctx, {1, 2, 2, 3, 1}, DType::f32));
  CHECK_THROWS_WITH(softmax_dice(without, one, labels, table_of_classes(1), 1),
                    ContainsSubstring("[softmax_dice] expected 2 classes or more"));
  CHECK_THROWS_WITH(table_of_classes(33), ContainsSubstring("expected 1 to 32 regions or classes, got 33"));
}
