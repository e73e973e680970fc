// Tests memory traces as programs write and read them: runs against their plans, the peak that a run prints, refusals.
#include <nlohmann/json.hpp>

#include "models/plan/trace/trace_file.h"
#include "models/plan/verify.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
namespace fs = std::filesystem;

namespace {

ToolResult trace_tool(const std::string& command, const fs::path& file, const std::string& more = "") {
  return run_tool("revunet-trace", fmt::format("{} '{}' {}", command, file.string(), more));
}

std::string traced(const fs::path& file, const std::string& options) {
  return fmt::format("{} --memory-trace '{}'", options, file.string());
}

int64_t largest(const std::vector<std::string>& cells) {
  int64_t most = 0;
  for (const std::string& cell : cells) most = std::max<int64_t>(most, std::stoll(cell));
  return most;
}

// Checks that names open and close in pairs, and that one element holds all. It knows no more XML than cairo writes.
void expect_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  size_t roots = 0;
  for (size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
    const size_t end = svg.find('>', at);
    REQUIRE(end != std::string::npos);
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (tag.starts_with('?')) continue;
    if (tag.starts_with('/')) {
      REQUIRE_FALSE(open.empty());
      REQUIRE(tag.substr(1) == open.back());
      open.pop_back();
    } else {
      roots += open.empty();
      if (!tag.ends_with('/')) open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  CHECK(open.empty());
  CHECK(roots == 1);
}

uint32_t big_endian(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

TEST_CASE("a run's trace is its plan's, event by event, and has the peak that the run measured", "[trace]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  int number = 0;
  for (const char* options :
       {"", "--model baseline", "--model baseline --activations checkpointed",
        "--activations checkpointed --encoder-depth 3", "--skips stored --optimiser-step fused --patch 16,24,16",
        "--activations stored --skips reversible --encoder-depth 2", "--precision mixed", "--precision bf16",
        "--augment strong --patch 16,24,16 --ema 0.9 --dropout 0.2 --clip-gradients 1 --cross-entropy 1"}) {
    INFO(options);
    const fs::path run = folder / std::to_string(number++), file = run / "trace.jsonl";
    const ToolResult got =
        train(data, run, traced(file, fmt::format("{} {} --epochs 2 --val-fraction 0.3", tiny_options, options)));
    REQUIRE(got.exit_code == 0);
    CHECK_THAT(got.output,
               ContainsSubstring("(equal, byte for byte)") && ContainsSubstring("memory trace of the first steps in "));
    const RunTrace trace = read_trace(file);
    CHECK(trace.steps.size() == 3);
    CHECK(trace.end == TraceEnd::steps_recorded);
    CHECK(trace.header.device == "cpu");

    const std::vector<Section> parts = sections(trace);
    const std::vector<Peak> peaks = section_peaks(trace);
    uint64_t training = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].kind == Section::Kind::step) training = std::max(training, peaks[i].allocated);
    }
    const Plan plan = plan_training(trace.header.settings);
    CHECK(training == plan.training.peak_allocated);
    CHECK(highest(peaks).allocated == plan.peak());
    CHECK(static_cast<int64_t>(training) == largest(column(read_csv(run / "log.csv"), "peak_allocated_bytes")));
    std::vector<std::string> names;
    for (const Section& section : parts) names.push_back(describe(section));
    CHECK(names == std::vector<std::string>{"setup", "step 1", "step 2", "the evaluation after step 2", "step 3"});

    const ToolResult verified = trace_tool("verify", file);
    CHECK(verified.errors.empty());
    CHECK(verified.exit_code == 0);
    CHECK_THAT(verified.output, ContainsSubstring("the evaluation after step 2: ") &&
                                    ContainsSubstring("step 3: every term") && EndsWith("verified\n"));
  }
}

TEST_CASE("steps of several samples are as planned, sample by sample", "[trace]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 5), run = folder / "run", file = run / "trace.jsonl";
  const std::string options = fmt::format("{} --accumulate 2 --val-fraction 0 --epochs 2", tiny_options);
  const ToolResult refused = train(data, run, traced(file, options));  // the third step has one sample
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.errors, ContainsSubstring("record at most 2 with --memory-trace-steps"));
  fs::remove_all(run);
  const ToolResult got = train(data, run, traced(file, options + " --memory-trace-steps 2"));
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("(equal, byte for byte)"));
  CHECK(column(read_csv(run / "log.csv"), "step") == std::vector<std::string>{"3", "6"});
  const ToolResult verified = trace_tool("verify", file);
  CHECK(verified.errors.empty());
  CHECK_THAT(verified.output, ContainsSubstring("step 2: every term") && EndsWith("verified\n"));
}

TEST_CASE("verify exits with 1 and names the first byte count that is not planned", "[trace]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "plan.jsonl";
  REQUIRE(run_tool("revunet-train", traced(file, fmt::format("--plan {}", tiny_options))).exit_code == 0);
  const RunTrace original = read_trace(file);
  RunTrace trace = original;
  // The input of the second step, and its free, become one byte smaller. Sums and lifetimes stay consistent.
  size_t born = trace.steps.at(1).first_event;
  while (trace.events[born].kind != AllocationEvent::Kind::allocate) ++born;
  size_t dead = born + 1;
  while (trace.events[dead].address != trace.events[born].address) ++dead;
  REQUIRE(trace.events[dead].kind == AllocationEvent::Kind::free);
  for (const size_t i : {born, dead}) ++trace.events[i].rounding;
  io::AtomicFile changed(file);
  write_trace(changed, trace);
  changed.commit();
  const ToolResult got = trace_tool("verify", file);
  CHECK(got.exit_code == 1);
  const size_t bytes = 32 * 32 * 32 * 4 * 4;  // an image of four modalities
  CHECK_THAT(got.errors, ContainsSubstring(fmt::format(
                             "expected, from the plan: event {} (step 2, forward), allocate of input of input, {} "
                             "bytes; got: event {} (step 2, forward), allocate of input of input, {} bytes",
                             born, bytes, born, bytes - 1)));
  CHECK_THAT(got.output, ContainsSubstring("step 1: ") && !ContainsSubstring("verified"));
}

TEST_CASE("a trace holds the steps that were asked for, and what a run did before it failed", "[trace]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const std::string options = fmt::format("{} --epochs 1 --val-fraction 0 ", tiny_options);
  const fs::path one = folder / "one.jsonl", all = folder / "all.jsonl", failed = folder / "failed.jsonl";
  REQUIRE(train(data, folder / "a", traced(one, options + "--memory-trace-steps 1")).exit_code == 0);
  REQUIRE(train(data, folder / "b", traced(all, options + "--memory-trace-steps 9")).exit_code == 0);
  CHECK(read_trace(one).steps.size() == 1);
  CHECK(read_trace(one).end == TraceEnd::steps_recorded);
  CHECK(read_trace(all).steps.size() == 3);
  CHECK(read_trace(all).end == TraceEnd::run_ended);
  // Tracing changes nothing.
  REQUIRE(train(data, folder / "c", options).exit_code == 0);
  CHECK(read_bytes(folder / "b/last.safetensors") == read_bytes(folder / "c/last.safetensors"));

  const io::SafetensorsFile weights = io::read_safetensors(write_untrained(folder / "good.safetensors"));
  io::write_safetensors(folder / "huge.safetensors", with_filled(weights, "firstConv.weight", 3e38f));
  const ToolResult got =
      train(data, folder / "d", traced(failed, options + "--init '" + (folder / "huge.safetensors").string() + "'"));
  CHECK(got.exit_code == 1);
  const RunTrace trace = read_trace(failed);
  CHECK(trace.end == TraceEnd::run_failed);
  REQUIRE(trace.steps.size() == 1);
  CHECK(live_before(trace, trace.events.size()).allocated() == 0);  // nothing leaks on the way out
  const ToolResult verified = trace_tool("verify", failed);
  CHECK(verified.exit_code == 1);
  CHECK_THAT(verified.output, ContainsSubstring("note: step 1 was cut short (run failed)"));
  CHECK_THAT(verified.errors, ContainsSubstring("expected a complete step to verify, got none"));
}

TEST_CASE("pictures are whole files, and Perfetto's JSON has the same peak", "[trace]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "plan.jsonl";
  REQUIRE(run_tool("revunet-train", traced(file, fmt::format("--plan {}", tiny_options))).exit_code == 0);
  REQUIRE(trace_tool("plot", file).exit_code == 0);
  const std::string svg = read_bytes(folder / "plan.svg"), png = read_bytes(folder / "plan.png");
  expect_well_formed(svg);
  CHECK(svg.find("href=\"http") == std::string::npos);  // it needs nothing from elsewhere
  CHECK(png.starts_with("\x89PNG\r\n\x1a\n"));
  CHECK(big_endian(png, 16) == 1200);
  CHECK(big_endian(png, 20) == 560);
  CHECK(png.substr(png.size() - 8, 4) == "IEND");

  REQUIRE(trace_tool("plot", file, "--step 2 --x time --out '" + (folder / "two.png").string() + "'").exit_code == 0);
  CHECK(read_bytes(folder / "two.png") != png);
  CHECK_FALSE(fs::exists(folder / "two.svg"));
  const ToolResult absent = trace_tool("plot", file, "--step 3");
  CHECK(absent.exit_code == 2);
  CHECK_THAT(absent.errors, ContainsSubstring("[--step] expected a step from 1 to 2, got 3"));

  const ToolResult over = trace_tool("convert", file, "--out '" + file.string() + "'");
  CHECK(over.exit_code == 2);
  CHECK_THAT(over.errors, ContainsSubstring("[--out] expected another file than the trace"));
  REQUIRE(trace_tool("convert", file).exit_code == 0);
  const auto json = nlohmann::json::parse(read_bytes(folder / "plan.chrome.json"));
  uint64_t most = 0, most_by_tag = 0;
  for (const auto& event : json.at("traceEvents")) {
    if (event.at("ph") != "C") continue;
    const auto& values = event.at("args");
    if (event.at("name") == "total") most = std::max(most, values.at("allocated").get<uint64_t>());
    if (event.at("name") != "memory") continue;
    uint64_t sum = 0;
    for (const auto& [tag, bytes] : values.items()) sum += bytes.get<uint64_t>();
    most_by_tag = std::max(most_by_tag, sum);
  }
  const RunTrace trace = read_trace(file);
  CHECK(most == plan_training(trace.header.settings).peak());
  CHECK(most_by_tag == most);
}

TEST_CASE("summary and peak describe a trace: its run, its highest moment and what that consists of", "[trace]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "plan.jsonl";
  REQUIRE(run_tool("revunet-train", traced(file, "--plan")).exit_code == 0);
  const ToolResult summary = trace_tool("summary", file), peak = trace_tool("peak", file);
  REQUIRE(summary.exit_code == 0);
  REQUIRE(peak.exit_code == 0);
  CHECK_THAT(summary.output, ContainsSubstring("reversible network, channels 60,120,240,360,480, encoder depth 1") &&
                                 ContainsSubstring("no leaks, no double frees, no late frees"));
  // 160 x 192 x 160 = 4915200 voxels. The pairs of the five levels have 60 + 120/8 + 240/64 + 360/512 + 480/4096
  // channels of as many f32, and the gradient of the finest pair and one half of scratch have 60 + 30.
  CHECK_THAT(peak.output,
             ContainsSubstring(fmt::format("{:.3f}", 4915200 * 4 * (60 + 15 + 3.75 + 0.703125 + 0.1171875) / 1048576)));
  CHECK_THAT(peak.output, ContainsSubstring(fmt::format("{:.3f}", 4915200.0 * 4 * 90 / 1048576)));
  CHECK_THAT(peak.output, ContainsSubstring("other layers") && ContainsSubstring("equation (4) in step 2, MiB"));
  const ToolResult all = trace_tool("peak", file, "--all");
  CHECK_THAT(all.output, !ContainsSubstring("other layers"));
}

TEST_CASE("options that make no sense for a trace are refused", "[trace]") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& options, int exit_code, const std::string& reason) {
    INFO(options);
    const ToolResult got = run_tool("revunet-train", fmt::format("--plan {}", options));
    CHECK(got.exit_code == exit_code);
    CHECK_THAT(got.errors, ContainsSubstring(reason));
  };
  const std::string file = (folder / "t.jsonl").string();
  refused("--memory-trace-steps 0 --memory-trace " + file, 2,
          "[--memory-trace-steps] expected a whole number from 1 to 1000000000, got 0");
  refused("--monitor-reconstruction 5 --memory-trace " + file, 2, "[--memory-trace] expected a run without");
  refused("--memory-trace " + (folder / "absent/t.jsonl").string(), 2,
          "[--memory-trace] expected a file in a folder that exists, or in --out, got ");
  CHECK(fs::is_empty(folder.path()));
  CHECK(run_tool("revunet-trace", "").exit_code == 2);
  CHECK(trace_tool("summary", folder / "absent.jsonl").exit_code == 3);
}
