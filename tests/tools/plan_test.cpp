// Tests revunet-train's memory plan: against what runs measure, and the choice of modes within a budget.

#include "models/plan/mode_choice.h"
#include "models/plan/plan_text.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

const MemorySettings whole_brain{.network = default_config(ModelKind::reversible), .size = {160, 192, 160}};
constexpr size_t MiB = size_t{1} << 20;

}  // namespace

TEST_CASE("a run measures the peak that its plan predicts, byte for byte", "[plan]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  int run = 0;
  for (const char* options :
       {"--activations stored --skips stored", "--skips stored", "", "--optimiser-step fused --encoder-depth 2",
        "--patch 16,24,16", "--max-steps 1", "--activations stored --skips reversible", "--precision mixed",
        "--precision bf16", "--finest-level slabs", "--activations checkpointed",
        "--activations checkpointed --optimiser-step fused --encoder-depth 3 --dropout 0.2"}) {
    INFO(options);
    const ToolResult got = train(data, folder / std::to_string(run++),
                                 fmt::format("{} --epochs 2 --val-fraction 0.3 {}", tiny_options, options));
    REQUIRE(got.exit_code == 0);
    CHECK_THAT(got.output, ContainsSubstring("(equal, byte for byte)"));
  }
  const std::string baseline = "--model baseline --channels 4,8 --size 32,32,32 --epochs 1 --val-fraction 0 ";
  for (const auto& [options, mode] : {std::pair{"", "fp32, baseline"},
                                      {"--activations stored", "fp32, baseline"},
                                      {"--activations checkpointed", "fp32, baseline, checkpointed activations"}}) {
    const ToolResult got = train(data, folder / std::to_string(run++), baseline + options);
    REQUIRE(got.exit_code == 0);
    CHECK_THAT(got.output, ContainsSubstring(fmt::format("memory of tensors in training ({}): predicted peak", mode)) &&
                               ContainsSubstring("(equal, byte for byte)"));
  }
}

TEST_CASE("a plan needs neither data nor a run folder", "[plan]") {
  const ToolResult got = run_tool("revunet-train", "--plan");
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output,
             ContainsSubstring("training on 160,192,160 voxels, fp32, reversible activations, reversible skips") &&
                 ContainsSubstring("sequence_output") && ContainsSubstring("decoders.4.reversibleBlocks") &&
                 ContainsSubstring("fp32, baseline, channels 30,60,120,240,480") &&
                 ContainsSubstring("fp32, baseline, checkpointed activations, channels 30,60,120,240,480") &&
                 ContainsSubstring("--patch "));
  // Where it is asked for, a mode that is never the best is what is planned. It is not among the alternatives.
  const ToolResult checkpointed = run_tool("revunet-train", "--plan --activations checkpointed");
  REQUIRE(checkpointed.exit_code == 0);
  const std::string mode = "fp32, checkpointed activations, stored skips";
  CHECK_THAT(checkpointed.output, ContainsSubstring("training on 160,192,160 voxels, " + mode));
  CHECK(checkpointed.output.find(mode) == checkpointed.output.rfind(mode));
}

TEST_CASE("on CUDA a plan pads channels to 16 bytes and counts the convolutions' workspace", "[plan]") {
  MemorySettings cuda = whole_brain;
  cuda.layout = kCudaLayout;
  cuda.size = {32, 64, 96};
  // Both halves of every level's stream count. 30 channels take the room of 32.
  const int64_t voxels = 32 * 64 * 96;
  const int64_t pairs = voxels * 2 * 4 * 32 + voxels / 8 * 2 * 4 * 60 + voxels / 64 * 2 * 4 * 120 +
                        voxels / 512 * 2 * 4 * 180 + voxels / 4096 * 2 * 4 * 240;
  const Plan plan = plan_training(cuda);
  CHECK(plan.training.peak_by_tag[static_cast<size_t>(Tag::sequence_output)] == static_cast<size_t>(pairs));
  CHECK(plan.training.peak_by_tag[static_cast<size_t>(Tag::workspace)] == 32 * MiB);

  // The next sample is allocated far from the peak. Its image (75 MiB) and labels (4.7 MiB) take segments of their own,
  // of 76 and 6 MiB, because the present image is there until the end of backward.
  MemorySettings ahead = whole_brain, one_by_one = whole_brain;
  ahead.layout = one_by_one.layout = kCudaLayout;
  one_by_one.layout.samples_ahead = false;
  CHECK(plan_training(ahead).reserved() <= plan_training(one_by_one).reserved() + 82 * MiB);
  CHECK(plan_training(ahead).peak() == plan_training(one_by_one).peak());

  const ToolResult got = run_tool("revunet-train", "--plan --device cuda");
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("on a CUDA device: channels padded to 16 bytes"));
  const ToolResult refused = run_tool("revunet-train", "--device cuda --data x --out y");
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.errors, ContainsSubstring("[--device] expected ") && ContainsSubstring("got "));
}

TEST_CASE("bf16 takes less than f32, and a plan's budget names it where it would fit", "[plan]") {
  MemorySettings half = whole_brain;
  half.precision = Precision::bf16;
  // All but parameters and moments (three f32 values each) is halved. The workspace is not.
  const MemoryStats f32 = plan_training(whole_brain).training, bf16 = plan_training(half).training;
  CHECK(bf16.at_peak[static_cast<size_t>(Tag::sequence_output)] * 2 ==
        f32.at_peak[static_cast<size_t>(Tag::sequence_output)]);
  CHECK(bf16.at_peak[static_cast<size_t>(Tag::input)] * 2 == f32.at_peak[static_cast<size_t>(Tag::input)]);
  CHECK(bf16.at_peak[static_cast<size_t>(Tag::parameter)] == f32.at_peak[static_cast<size_t>(Tag::parameter)]);
  CHECK_THROWS_WITH(choose_within(whole_brain, {}, 2800 * MiB), ContainsSubstring("`precision` bf16 would fit"));
}

TEST_CASE("mixed precision takes as much as fp32 on the CPU, and is not the baseline's", "[plan]") {
  MemorySettings mixed = whole_brain;
  mixed.precision = Precision::mixed;
  // Two tensors of bf16 take the place of one of f32, and need oneDNN's or our own workspace.
  const MemoryStats f32 = plan_training(whole_brain).training, with_bf16 = plan_training(mixed).training;
  const auto scratch = static_cast<size_t>(Tag::backward_scratch), outputs = static_cast<size_t>(Tag::sequence_output);
  CHECK(with_bf16.at_peak[scratch] == f32.at_peak[scratch]);
  CHECK(with_bf16.at_peak[outputs] == f32.at_peak[outputs]);

  const ToolResult refused = run_tool("revunet-train", "--plan --model baseline --precision mixed");
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.errors, ContainsSubstring("[--precision] expected fp32 or bf16 with the baseline"));
  CHECK_THAT(run_tool("revunet-train", "--plan --precision mixed").output,
             ContainsSubstring("mixed, reversible activations") && ContainsSubstring("fp32, baseline, channels"));
}

TEST_CASE("monitoring keeps a budget from choosing stored activations", "[plan]") {
  const ToolResult got = run_tool("revunet-train", "--plan --memory-budget 8GiB --monitor-reconstruction 50");
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("voxels, fp32, reversible activations, stored skips: predicted peak"));
}

TEST_CASE("a budget takes the fastest mode that fits", "[plan]") {
  const auto chosen = [](size_t mib, const ModeChoice& choice = {}) {
    return choose_within(whole_brain, choice, mib * MiB);
  };
  CHECK(chosen(8000).mode == MemoryMode{Activations::stored, Skips::stored});
  CHECK(chosen(5100).mode == MemoryMode{Activations::reversible, Skips::stored});
  CHECK(chosen(4000).mode == MemoryMode{Activations::reversible, Skips::reversible});
  CHECK(chosen(3300).mode == MemoryMode{.finest = FinestLevel::slabs});
  CHECK(chosen(8000, {.skips = Skips::reversible}).mode == MemoryMode{Activations::reversible, Skips::reversible});
  CHECK(chosen(8000, {.optimiser_step = OptimiserStep::fused}).optimiser_step == OptimiserStep::fused);
  CHECK_THROWS_WITH(chosen(2800), ContainsSubstring("[`memory-budget`] expected at least ") &&
                                      ContainsSubstring("the largest cube that fits is `patch` 160,160,160"));
  CHECK_THROWS_WITH(chosen(10), ContainsSubstring("no patch fits"));
  CHECK_THROWS_AS(chosen(4000, {.activations = Activations::stored}), UsageError);

  // The largest cube fits, and the next one does not.
  MemorySettings cube = whole_brain;
  const io::Size3 largest = largest_patch(cube, {}, 3000 * MiB).value();
  const int64_t edge = largest[0];
  CHECK(largest == io::Size3{edge, edge, edge});
  cube.size = {edge, edge, edge};
  CHECK(plan_training(cube).reserved() <= 3000 * MiB);
  cube.size = {edge + 16, edge + 16, edge + 16};
  CHECK(plan_training(cube).reserved() > 3000 * MiB);
}

TEST_CASE("a budget takes the baseline's stored activations, then checkpointed ones, then none", "[plan]") {
  const MemorySettings baseline{.network = default_config(ModelKind::baseline), .size = {160, 192, 160}};
  const auto chosen = [&](size_t mib, const ModeChoice& choice = {}) {
    return choose_within(baseline, choice, mib * MiB);
  };
  CHECK(chosen(8000).mode == MemoryMode{Activations::stored, Skips::stored});
  CHECK(chosen(6000).mode == MemoryMode{Activations::checkpointed, Skips::stored});
  CHECK(chosen(8000, {.activations = Activations::checkpointed}).mode.activations == Activations::checkpointed);
  CHECK_THROWS_WITH(chosen(6000, {.activations = Activations::stored}), ContainsSubstring("[`memory-budget`]"));
  CHECK_THROWS_WITH(chosen(3000), ContainsSubstring("`model` reversible would fit"));
  CHECK_THAT(what_would_fit(baseline, 6000 * MiB), ContainsSubstring("; `activations` checkpointed would fit, with "));

  // The reversible network's are never the best, so a budget takes them only where they are asked for.
  CHECK(choose_within(whole_brain, {.activations = Activations::checkpointed}, 8000 * MiB).mode ==
        MemoryMode{Activations::checkpointed, Skips::stored});
}

TEST_CASE("alternatives of a plan have the task's channels and outputs", "[plan]") {
  MemorySettings settings{.network = default_config(ModelKind::reversible), .size = {32, 32, 32}};
  settings.network.in_channels = 16;
  settings.network.out_channels = 32;
  MemorySettings baseline = settings;
  baseline.network = default_config(ModelKind::baseline);
  baseline.network.in_channels = 16;
  baseline.network.out_channels = 32;
  const std::string text = plan_text(settings, {}, {});
  const size_t begin = text.find("fp32, baseline, channels");
  REQUIRE(begin != text.npos);
  const std::string row = text.substr(begin, text.find('\n', begin) - begin);
  CHECK_THAT(row, Catch::Matchers::EndsWith(
                      fmt::format("{:.1f}", static_cast<double>(plan_training(baseline).reserved()) / MiB)));
}

TEST_CASE("with its finest level in slabs, the paper's network fits a card of 4 GB at full field of view", "[plan]") {
  MemorySettings least = whole_brain;
  least.mode.finest = FinestLevel::slabs;
  least.layout = kCudaLayout;
  CHECK(plan_training(least).reserved() <= 3200 * MiB);
}

TEST_CASE("modes that make no sense are refused", "[plan]") {
  const auto refused = [](const std::string& options, const std::string& reason) {
    INFO(options);
    const ToolResult got = run_tool("revunet-train", "--plan " + options);
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring(reason));
  };
  refused("--memory-budget 2GiB",
          "MiB to train on samples of 160,192,160 voxels and validate on volumes of 160,192,160, got "
          "2048.0 MiB");
  refused("--memory-budget 1500MiB --patch 96,96,96 --validate-by whole",
          "96,96,96 voxels and validate on volumes of 160,192,160, got 1500.0 MiB; --precision bf16 would fit; use "
          "--validate-by patches, a smaller --size, or --val-fraction 0");
  refused("--memory-budget much", "--memory-budget");
  refused("--memory-budget=-1", "--memory-budget");
  refused("--model baseline --skips stored", "[--skips, --finest-level] expected auto with the baseline");
  refused("--model baseline --activations checkpointed --skips reversible", "expected auto with the baseline");
  refused("--model baseline --activations reversible",
          "[--activations] expected auto, stored or checkpointed with the baseline, which has no reversible blocks");
  refused("--activations checkpointed --skips reversible", "[--skips] expected stored with checkpointed --activations");
  refused("--activations checkpointed --finest-level slabs",
          "[--finest-level, --activations, --skips] expected reversible --activations and --skips with slabs");
  refused("--activations checkpointed --monitor-reconstruction 1",
          "[--monitor-reconstruction] expected a network that rebuilds activations");
  refused("--activations stored --finest-level slabs",
          "[--finest-level, --activations, --skips] expected reversible --activations and --skips with slabs");
  refused("--model baseline --finest-level slabs", "expected auto with the baseline");
  refused("--activations stored --monitor-reconstruction 1", "[--monitor-reconstruction]");
  refused("--monitor-reconstruction -1", "[--monitor-reconstruction] expected a whole number from 0 to 1000000000");
}

TEST_CASE("monitoring reconstruction reports each sequence in turn, within f32's rounding", "[plan]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2);
  const auto steps = std::string(tiny_options) + " --max-steps 8 --epochs 8 --val-fraction 0 ";
  const ToolResult got = train(data, folder / "watched", steps + "--monitor-reconstruction 2");
  REQUIRE(got.exit_code == 0);
  std::istringstream lines(got.output);
  std::vector<std::string> sequences;
  for (std::string line; std::getline(lines, line);) {
    const size_t error = line.find("relative error of ");
    if (error == std::string::npos) continue;
    CHECK(std::stod(line.substr(error + 18)) < 1e-5);
    sequences.push_back(line.substr(0, line.find(" rebuilt")));
  }
  CHECK(sequences ==
        std::vector<std::string>{"step 1: encoders.0.reversibleBlocks", "step 3: encoders.1.reversibleBlocks",
                                 "step 5: decoders.1.reversibleBlocks", "step 7: encoders.0.reversibleBlocks"});
  // bf16's rounding is 2^16 times f32's, so it has separate limits.
  const ToolResult bf16 = train(data, folder / "bf16", steps + "--monitor-reconstruction 2 --precision bf16");
  CHECK(bf16.exit_code == 0);
  CHECK_THAT(bf16.output,
             ContainsSubstring("rebuilt its input with a relative error of ") && !ContainsSubstring("warning"));
  // Monitoring changes nothing.
  REQUIRE(train(data, folder / "unwatched", steps).exit_code == 0);
  CHECK(read_bytes(folder / "watched/last.safetensors") == read_bytes(folder / "unwatched/last.safetensors"));
}

#if !defined(__SANITIZE_ADDRESS__)  // it takes terabytes of addresses
TEST_CASE("a run on the CPU warns where its plan is more than the process may take", "[train][memory]") {
  const TemporaryFolder folder;
  const std::filesystem::path data = make_phantoms(folder / "data", 1);
  const ToolResult got = run_tool(
      "revunet-train",
      fmt::format("--data '{}' --out '{}' --size 160,192,160 --activations stored --skips stored --val-fraction 0 "
                  "--max-steps 1 --threads 1",
                  data.string(), (folder / "run").string()),
      R"(sh -c 'ulimit -v 3000000; exec "$0" "$@"' )");
  CHECK(got.exit_code == 1);  // the run does end
  CHECK_THAT(got.output,
             ContainsSubstring("warning: [memory] expected 5") && ContainsSubstring("that this process may take"));
  CHECK_THAT(got.errors, ContainsSubstring("the plan of this run reserves 5"));
}
#endif
