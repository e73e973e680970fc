// Tests that checkpointed activations have the bits of stored ones, and the memory that the planner says.
#include "engine/memory/allocation_table.h"
#include "engine/rng.h"
#include "io/task/brats_task.h"
#include "models/baseline_segments.h"
#include "models/inference/label_table_of.h"
#include "models/plan/plan.h"
#include "models/reversible_unet.h"
#include "tests/support/catch.h"
#include "tests/support/random_labels.h"

using namespace revunet;

namespace {

constexpr MemoryMode kStored{Activations::stored, Skips::stored};
constexpr MemoryMode kCheckpointed{Activations::checkpointed, Skips::stored};

// Returns losses and all weights after three steps, which follow from all gradients, one after the other.
std::vector<double> trained(const UNetConfig& config, const MemoryMode& mode, DType dtype, Operands operands,
                            OptimiserStep optimiser_step, double dropout) {
  Device device;
  const Context ctx{device};
  const auto model = make_unet(ctx, config, compute_type(dtype), 1, mode, operands);
  Adam adam;
  TrainingStep step(ctx, *model, adam,
                    {.labels = label_table_of(*io::brats_task()),
                     .activations = dtype,
                     .optimiser_step = optimiser_step,
                     .extras = {.dropout = dropout},
                     .dropout_seed = 11});
  constexpr std::array<int64_t, 3> kSize = {16, 8, 12};
  Rng rng(3, 1);
  std::vector<float> image(static_cast<size_t>(kSize[0] * kSize[1] * kSize[2] * 4));
  for (float& v : image) v = static_cast<float>(rng.uniform(-1, 1));
  const std::vector<uint8_t> labels = test::random_labels(kSize[0] * kSize[1] * kSize[2], 2);
  std::vector<double> result;
  for (int64_t i = 0; i < 3; ++i) {
    for (const double loss : step.take(ctx, {kSize, image, labels}, {.sample = i})) result.push_back(loss);
  }
  for (const auto& p : model->parameters()) {
    for (const double v : to_host_f64(p->value)) result.push_back(v);
  }
  return result;
}

size_t planned_peak(const UNetConfig& config, const MemoryMode& mode, const io::VolumeSize& size) {
  return plan_training({.network = config, .mode = mode, .size = size}).training.peak_allocated;
}

std::string text_of(const std::vector<BaselineSegment>& segments) {
  std::string text;
  for (const auto& [begin, end] : segments) text += fmt::format("[{} {})", begin, end);
  return text;
}

UNetConfig baseline_of(std::vector<int64_t> channels, std::vector<HalvedAxes> halved = {}) {
  return {.kind = ModelKind::baseline, .channels = std::move(channels), .halved = std::move(halved)};
}

}  // namespace

TEST_CASE("checkpointed activations have the bits of stored ones: losses, and weights after three steps") {
  struct Types {
    DType dtype;
    Operands operands = Operands::activations;
  };
  const auto [dtype, operands] = GENERATE(Types{DType::f32}, Types{DType::bf16}, Types{DType::f32, Operands::bf16});
  const auto optimiser_step = GENERATE(OptimiserStep::separate, OptimiserStep::fused);
  const UNetConfig blocks{.channels = {8, 16, 24}, .encoder_depth = 3, .decoder_depth = 2};
  for (const UNetConfig& config :
       {blocks, UNetConfig{.channels = {8}, .encoder_depth = 2}, baseline_of({4, 8, 16}), baseline_of({4}),
        baseline_of({4, 8, 8}, {{false, true, false}, {true, false, false}})}) {
    const bool is_baseline = config.kind == ModelKind::baseline;
    if (is_baseline && operands == Operands::bf16) continue;  // refused
    for (const double dropout : {0.0, 0.4}) {
      if (is_baseline && dropout > 0) continue;  // refused
      INFO(name_of(config.kind) << ", " << config.levels() << " levels, " << name_of(dtype) << ", dropout " << dropout);
      const auto stored = trained(config, kStored, dtype, operands, optimiser_step, dropout);
      CHECK(trained(config, kCheckpointed, dtype, operands, optimiser_step, dropout) == stored);
    }
  }
}

TEST_CASE("a NaN inside a segment is named by its op") {
  Device device;
  const Context ctx{device};
  const auto [config, weight, op] = GENERATE(
      std::tuple{baseline_of({4, 8, 16}), "encoders.0.conv2.weight", "conv3d encoders.0.conv2.weight"},
      std::tuple{UNetConfig{.channels = {8, 16, 24}},
                 "encoders.1.reversibleBlocks.reversible_blocks.0.f_block.conv.weight", "encoders.1.reversibleBlocks"});
  const auto model = make_unet(ctx, config, DType::f32, 1, kCheckpointed);
  const auto found = std::ranges::find(model->parameters(), weight, [](const auto& p) { return p->name; });
  REQUIRE(found != model->parameters().end());
  Tensor& value = (*found)->value;
  const std::vector<double> huge(static_cast<size_t>(value.elements()), 3e38);
  value = from_host(ctx, value.spec(), std::span<const double>(huge));
  Rng rng(3, 1);
  std::vector<double> noise(8 * 8 * 8 * 4);
  for (double& v : noise) v = rng.uniform(-1, 1);
  const TensorSpec image{{1, 8, 8, 8, 4}, DType::f32, Layout::activation};
  Tape tape(true);
  CHECK_THROWS_WITH(
      model->forward(ctx.with_tape(&tape), Variable(from_host(ctx, image, std::span<const double>(noise)))),
      Catch::Matchers::ContainsSubstring(fmt::format("[{}] expected finite values", op)));
}

// Stage i is encoder i, and the number of levels plus i is decoder i.
TEST_CASE("the baseline is cut at its finest level, and elsewhere where as much is held as by the finest encoder") {
  // Each further level has an eighth of the voxels and twice the channels: all of them are one segment.
  CHECK(text_of(baseline_segments(default_config(ModelKind::baseline))) == "[0 1)[1 9)[9 10)");
  CHECK(text_of(baseline_segments(baseline_of({4, 8}))) == "[0 1)[1 3)[3 4)");
  CHECK(text_of(baseline_segments(baseline_of({4}))) == "[0 1)");
  // Tensors of the three levels have 64, 64 and 16 values for each voxel of the coarsest. The finest encoder holds four
  // and 32 pooled values, 288. The next one holds 4 * 64 + 8 and the coarsest 2 * 16: together they are beyond that.
  // The coarsest two stages hold 32 and 32 + 64, and are one segment. Decoders above need the skips of earlier
  // segments.
  CHECK(text_of(baseline_segments(baseline_of({4, 8, 16}, {{false, true, false}, {true, true, true}}))) ==
        "[0 1)[1 2)[2 4)[4 5)[5 6)");
}

TEST_CASE("checkpointing takes less than storing, and the least where its floor is") {
  const UNetConfig baseline = default_config(ModelKind::baseline), blocks = default_config(ModelKind::reversible);
  const io::VolumeSize cube(128, 128, 128);
  // A tensor of the finest level takes 240 MiB, and parameters with gradients and moments take 190. At the end of the
  // forward pass there are four tensors (the sum, and the last layers' activations), then a gradient.
  const double tensor = 240, peak = mib(planned_peak(baseline, kCheckpointed, cube));
  CHECK(peak >= 5 * tensor + 190);
  CHECK(peak <= 5.5 * tensor + 190);
  CHECK(peak < 0.5 * mib(planned_peak(baseline, kStored, cube)));
  for (int64_t depth = 1; depth <= 4; ++depth) {
    UNetConfig deeper = blocks;
    deeper.encoder_depth = depth;
    const size_t checkpointed = planned_peak(deeper, kCheckpointed, cube);
    CHECK(static_cast<double>(checkpointed) < 0.86 * static_cast<double>(planned_peak(deeper, kStored, cube)));
    // This is why no budget chooses it: reversible activations take no more.
    CHECK(static_cast<double>(checkpointed) >=
          0.999 * static_cast<double>(planned_peak(deeper, {Activations::reversible, Skips::stored}, cube)));
  }
}

TEST_CASE("a segment of a sequence has the square root of its blocks") {
  const std::vector<size_t> expected = {1, 2, 2, 2, 3, 3, 3, 3, 3, 4};
  for (size_t blocks = 1; blocks <= expected.size(); ++blocks)
    CHECK(checkpointed_blocks(blocks) == expected[blocks - 1]);
}
