// Tests revunet-train and revunet-predict on a simulated CUDA device (tests/cusim): that they do there what they do on
// the CPU, and what belongs to the device alone.
#include <cmath>

#include <nlohmann/json.hpp>

#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
namespace fs = std::filesystem;

namespace {

constexpr const char* small_run = "--channels 4,8 --size 16,16,16 --val-fraction 0.5 --seed 2";

ToolResult train_on_cuda(const fs::path& data, const fs::path& out, const std::string& more) {
  return run_tool("cusim/revunet-train",
                  fmt::format("--data '{}' --out '{}' {} {}", data.string(), out.string(), small_run, more),
                  patient_threads);
}

// Runs a single step, which the tests of refusals need.
ToolResult one_step(const fs::path& data, const fs::path& out, const std::string& more) {
  return train_on_cuda(data, out, "--max-steps 1 " + more);
}

}  // namespace

TEST_CASE("training on a CUDA device follows training on the CPU, and so does predicting", "[cuda]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4);
  const std::string options =
      "--epochs 2 --lr 0.003 --skips stored --augment paper --deformation 2 --ema 0.9 --dropout 0.2 --clip-gradients 1 "
      "--cross-entropy 1";
  REQUIRE(train(data, folder / "cpu", fmt::format("{} {}", small_run, options)).exit_code == 0);
  const fs::path run = folder / "cuda", trace = run / "trace.jsonl";
  const ToolResult got = train_on_cuda(data, run, fmt::format("{} --memory-trace '{}'", options, trace.string()));
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output,
             ContainsSubstring("; simulated, sm_80, 1024 MiB\n"));  // auto is the CUDA device, because there is one
  CHECK_THAT(got.output,
             ContainsSubstring("memory outside of the allocator: ") &&
                 ContainsSubstring("memory of the device: 300.0 MiB are this process's, as nvidia-smi counts"));
  CHECK_THAT(read_bytes(run / "config.toml"),
             ContainsSubstring("device = \"cuda:0\"\nmemory-limit = 0\nconv-workspace = 33554432\n"));
  // Sums are in f32, in another order: each step's gradients differ by about 1e-5 of their size, in four steps.
  for (const char* name : {"loss", "loss_wt", "loss_tc", "loss_et", "dice_wt"}) {
    INFO(name);
    const auto a = column(read_csv(run / "log.csv"), name), b = column(read_csv(folder / "cpu/log.csv"), name);
    for (size_t i = 0; i < 2; ++i) CHECK(std::stod(a[i]) == Approx(std::stod(b[i])).epsilon(1e-4));
  }
  const ToolResult verified = run_tool("revunet-trace", fmt::format("verify '{}'", trace.string()));
  CHECK(verified.errors.empty());
  CHECK_THAT(verified.output, ContainsSubstring("workspaces left out") && ContainsSubstring("step 3: every term") &&
                                  EndsWith("verified\n"));

  const fs::path weights = folder / "cpu/last.safetensors";
  REQUIRE(predict(weights, data, folder / "on_cpu", "--probabilities").exit_code == 0);
  const ToolResult predicted = run_tool(
      "cusim/revunet-predict", fmt::format("--weights '{}' --data '{}' --out '{}' --probabilities --device cuda:0",
                                           weights.string(), data.string(), (folder / "on_cuda").string()));
  REQUIRE(predicted.exit_code == 0);
  CHECK_THAT(predicted.output, ContainsSubstring("fp32, simulated, sm_80"));
  for (const char* name : {"Phantom_001", "Phantom_004"}) {
    const std::string file = fmt::format("{}_probabilities.nii.gz", name);
    const auto a = io::read_nifti(folder / "on_cpu" / file).voxels,
               b = io::read_nifti(folder / "on_cuda" / file).voxels;
    REQUIRE(a.size() == b.size());
    float largest = 0, difference = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, a[i]);
      difference = std::max(difference, std::abs(a[i] - b[i]));
    }
    CHECK(largest > 0.1f);
    CHECK(difference < 1e-5f);  // f32 sums in another order
  }
}

TEST_CASE("the file of algorithms holds what was chosen, and a second run chooses it again", "[cuda]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), cache = folder / "plans.json";
  const std::string option = fmt::format("--conv-algorithms '{}'", cache.string());
  const ToolResult first = one_step(data, folder / "a", option + " -v");
  REQUIRE(first.exit_code == 0);
  CHECK_THAT(first.output, ContainsSubstring("engine 3 has an error of ") && ContainsSubstring(", which is wrong") &&
                               ContainsSubstring("engine 4 is chosen, the only one"));
  const std::string written = read_bytes(cache);
  nlohmann::json j = read_json(cache);
  REQUIRE(j.at("devices").size() == 1);
  const std::string device = j["devices"].begin().key();
  CHECK_THAT(device, ContainsSubstring("simulated, sm_80, 1024 MiB; cuDNN "));
  auto& choices = j["devices"][device];
  // Two levels have three directions each. Forward adds and subtracts in blocks, where x is a norm. The first
  // convolution, whose x is none, writes, and has a gradient of weights.
  CHECK(choices.size() == 10);
  for (const auto& [problem, plan] : choices.items()) {
    CHECK_THAT(problem, ContainsSubstring("f32, x (1, ") && ContainsSubstring(", deterministic"));
    CHECK_THAT(plan.get<std::string>(),
               ContainsSubstring("4"));  // the one engine that is right, fast and within the limits
  }

  REQUIRE(one_step(data, folder / "b", option).exit_code == 0);
  CHECK(read_bytes(cache) == written);
  CHECK(read_bytes(folder / "b/last.safetensors") == read_bytes(folder / "a/last.safetensors"));

  // Another limit gives other choices, next to the first.
  REQUIRE(one_step(data, folder / "c", option + " --conv-workspace 1MiB --strict-fp32").exit_code == 0);
  CHECK(read_json(cache)["devices"][device].size() == 2 * choices.size());

  j = nlohmann::json::parse(written);
  for (auto& [problem, plan] : j["devices"][device].items()) plan = "no such plan";
  std::ofstream(cache) << j.dump();
  const ToolResult stale = one_step(data, folder / "d", option);
  CHECK(stale.exit_code == 1);
  CHECK_THAT(stale.errors, ContainsSubstring("expected cuDNN's algorithm no such plan for ") &&
                               ContainsSubstring("remove --conv-algorithms's file"));
  std::ofstream(cache) << "{\"format\": 3}";
  const ToolResult damaged = one_step(data, folder / "e", option);
  CHECK(damaged.exit_code == 3);
  CHECK_THAT(damaged.errors, ContainsSubstring(cache.string()) && ContainsSubstring("remove the file"));
}

TEST_CASE("a run out of memory says what took it and what would fit, and that does", "[cuda]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2);
  const std::string options =
      "--channels 16,32 --size 32,32,32 --val-fraction 0 --max-steps 1 --encoder-depth 4 "
      "--conv-workspace 1MiB --memory-limit 16MiB ";
  const auto run = [&](const char* tool, const char* out, const std::string& more) {
    return run_tool(tool,
                    fmt::format("--data '{}' --out '{}' {}", data.string(), (folder / out).string(), options + more),
                    patient_threads);
  };
  const ToolResult got = run("cusim/revunet-train", "a", "--activations stored --skips stored");
  CHECK(got.exit_code == 1);
  CHECK_THAT(got.errors, ContainsSubstring("[memory] expected ") && ContainsSubstring("; the limit is 16.0 MiB\n") &&
                             ContainsSubstring("\nallocated by tag:\n") &&
                             ContainsSubstring("\nand by layer, the largest:\n") &&
                             ContainsSubstring("--activations reversible --skips "));
  const size_t at = got.errors.find("--activations reversible");
  const std::string advice = got.errors.substr(at, got.errors.find(" would fit", at) - at);
  CHECK(run("cusim/revunet-train", "b", advice).exit_code == 0);
}

TEST_CASE("options of a CUDA device are refused where there is none", "[cuda]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2);
  const auto refused = [&](const std::string& tool, const std::string& options, const std::string& reason) {
    const ToolResult got = run_tool(tool, fmt::format("--data '{}' --out '{}' {} {}", data.string(),
                                                      (folder / "run").string(), small_run, options));
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring(reason));
    CHECK_FALSE(fs::exists(folder / "run"));
  };
  refused("revunet-train", "--device cuda", "[--device] expected a CUDA device, got none: there is none, or no driver");
  refused("revunet-train", "--device cuda:1", "there is none, or no driver");
  refused("revunet-train", "--conv-algorithms plans.json", "[--conv-algorithms] expected --device cuda;");
  refused("revunet-train", "--conv-workspace 1MiB", "[--conv-workspace] expected --device cuda;");
  refused("cusim/revunet-train", "--device cuda:1", "[--device] expected a CUDA device from 0 to 0, got 1");
  refused("cusim/revunet-train", "--device gpu", "[--device] expected auto, cpu, cuda or cuda:N, got gpu");
  refused("cusim/revunet-train", "--device cuda:x", "[--device] expected auto, cpu, cuda or cuda:N, got cuda:x");
  for (const char* option : {"--conv-workspace 1MiB", "--strict-fp32", "--no-deterministic"}) {
    const ToolResult got = run_tool("revunet-predict", fmt::format("--weights w --data d --out o {}", option));
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring("expected --device cuda; otherwise"));
  }
  // A plan needs no device.
  const ToolResult plan = run_tool("revunet-train", fmt::format("--plan --device cuda {}", small_run));
  CHECK(plan.exit_code == 0);
}
