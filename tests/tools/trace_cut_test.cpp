// Traces that end too early: of runs that were killed, of copies that were cut short; and what grows in place.

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <nlohmann/json.hpp>

#include "models/plan/planned_trace.h"
#include "models/plan/trace/chrome_trace_json.h"
#include "models/plan/trace/recorder.h"
#include "models/plan/trace/trace_file.h"
#include "models/plan/verify.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

const MemorySettings tiny_settings{.network = tiny_network, .size = {16, 16, 16}};

TraceHeader header_of(const MemorySettings& settings, DeviceKind device = DeviceKind::meta) {
  return make_header("test", device, 1, settings);
}

fs::path write(const fs::path& path, const RunTrace& trace) {
  io::AtomicFile file(path);
  write_trace(file, trace);
  file.commit();
  return path;
}

ToolResult trace_tool(const std::string& command, const fs::path& file) {
  return run_tool("revunet-trace", fmt::format("{} '{}'", command, file.string()));
}

// Runs `work` in a process of its own and kills it where `work` returns.
template <class Work>
void killed_after(Work work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    work();
    ::raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

}  // namespace

TEST_CASE("a trace is read up to wherever it was cut", "[trace]") {
  const TemporaryFolder folder;
  const RunTrace whole = planned_trace(header_of(tiny_settings));
  const std::string bytes = read_bytes(write(folder / "whole.jsonl", whole));
  const size_t header = bytes.find('\n') + 1, end = bytes.rfind("{\"end\"");
  const fs::path cut = folder / "cut.jsonl";
  for (size_t length = header; length <= end; length += 997) {
    INFO(length);
    write_bytes(cut, bytes.substr(0, length));
    const RunTrace trace = read_trace(cut);
    REQUIRE(trace.end == TraceEnd::no_end_record);
    // An event's line ends in "]": one that lacks no more than its line break is whole.
    const auto events = static_cast<size_t>(
        std::count(bytes.begin() + static_cast<int64_t>(header), bytes.begin() + static_cast<int64_t>(length), ']'));
    REQUIRE(trace.events.size() == events);
    REQUIRE(std::equal(trace.events.begin(), trace.events.end(), whole.events.begin()));
  }
  for (const size_t length : {size_t{1}, header / 2, header - 20}) {
    write_bytes(cut, bytes.substr(0, length));
    CHECK_THROWS_WITH(read_trace(cut), ContainsSubstring("cut short within its header"));
  }
  // Where a disk left zeros, or what is damaged lies before the last line.
  write_bytes(cut, bytes.substr(0, end) + std::string(100, '\0'));
  CHECK(read_trace(cut).events.size() == whole.events.size());
  write_bytes(cut, bytes.substr(0, end) + "[1,2\n[1");
  CHECK_THROWS_WITH(read_trace(cut),
                    ContainsSubstring("expected JSON, got: parse error") && !ContainsSubstring("cut short"));
  // Without its last line break alone it is whole.
  write_bytes(cut, bytes.substr(0, bytes.size() - 1));
  CHECK(read_trace(cut).end == TraceEnd::run_ended);
  write_bytes(cut, bytes.substr(0, bytes.size() - 2));
  CHECK(read_trace(cut).end == TraceEnd::no_end_record);
  write_bytes(cut, bytes.substr(0, end) + "{\"end\":\"no end record\",\"steps\":2,\"events\":0}\n");
  CHECK_THROWS_WITH(read_trace(cut), ContainsSubstring("expected an end of steps recorded, run ended, run failed"));
}

TEST_CASE("every command of revunet-trace shows what is before a cut, with a warning", "[trace]") {
  const TemporaryFolder folder;
  const std::string whole = read_bytes(write(folder / "t.jsonl", planned_trace(header_of(tiny_settings))));
  const fs::path file = folder / "t.jsonl";
  write_bytes(file, whole.substr(0, whole.size() - 37));
  const auto warned = ContainsSubstring("warning: [" + file.string() + "] the trace has no end record");
  for (const auto& [command, shown] :
       {std::pair{"summary", "step 2"}, {"peak", "by tag"}, {"plot", "t.png"}, {"convert", "t.chrome.json"}}) {
    INFO(command);
    const ToolResult got = trace_tool(command, file);
    CHECK(got.exit_code == 0);
    CHECK_THAT(got.errors, warned);
    CHECK_THAT(got.output, ContainsSubstring(shown));
  }
  CHECK_THAT(trace_tool("summary", file).output,
             ContainsSubstring("ended: no end record") && ContainsSubstring("step 2 (cut)"));
  const ToolResult verified = trace_tool("verify", file);
  CHECK(verified.exit_code == 1);
  CHECK_THAT(verified.errors, warned && ContainsSubstring("the rest cannot be verified"));
  CHECK_THAT(verified.output, ContainsSubstring("step 1: every term") && !ContainsSubstring("verified"));
}

TEST_CASE("a plan's own trace is not called verified", "[trace]") {
  const TemporaryFolder folder;
  const ToolResult got = trace_tool("verify", write(folder / "p.jsonl", planned_trace(header_of(tiny_settings))));
  CHECK(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("proves nothing about a run") && !ContainsSubstring("verified"));
}

TEST_CASE("a run that is killed leaves the steps that it has made in its trace", "[trace]") {
  const TemporaryFolder folder;
  const TraceRequest request{folder / "t.jsonl", 9};
  write_bytes(request.path, "an older file");
  const auto run = [&](int steps, bool next_begins) {
    killed_after([&] {
      Device device = Device::meta();
      TraceRecorder recorder(device.allocator(), header_of(tiny_settings), request, [](const std::string&) {});
      for (int step = 1; step <= steps; ++step) {
        recorder.begin_step(step);
        const Tensor x({device, nullptr, Tag::input}, {5}, DType::f32);
        const Tensor y({device, nullptr, Tag::input}, {5}, DType::f32);
        recorder.end_step();
      }
      if (next_begins) recorder.begin_step(steps + 1);
      ::raise(SIGKILL);
    });
  };
  run(0, true);  // within the first step
  CHECK(read_bytes(request.path) == "an older file");
  for (const int steps : {1, 4}) {
    INFO(steps);
    run(steps, true);
    const RunTrace trace = read_trace(request.path);
    CHECK(trace.end == TraceEnd::no_end_record);
    CHECK(trace.steps.size() == static_cast<size_t>(steps + 1));
    // A segment, then two allocations and two frees a step; the last frees come after end_step.
    CHECK(trace.events.size() == static_cast<size_t>(1 + 4 * steps));
    const std::vector<Section> parts = sections(trace);
    REQUIRE(parts.size() == static_cast<size_t>(steps + 2));
    CHECK(parts[parts.size() - 2].complete);
    CHECK_FALSE(parts.back().complete);
  }
  run(2, false);  // as in the validation after a step
  const RunTrace trace = read_trace(request.path);
  CHECK(trace.steps.size() == 2);
  CHECK(trace.events.size() == 1 + 4 + 2);
}

TEST_CASE("a trace that grows has the same bytes as one that is written at once", "[trace]") {
  const TemporaryFolder folder;
  const RunTrace whole = planned_trace(header_of(tiny_settings));
  const std::string expected = read_bytes(write(folder / "whole.jsonl", whole));
  io::AtomicFile file(folder / "grown.jsonl");
  TraceWriter writer(file, whole.header);
  Trace grown{.layers = whole.layers, .steps = {}, .events = {}, .end = whole.end};
  size_t next_step = 0;
  for (const TraceEvent& event : whole.events) {
    for (; next_step < whole.steps.size() && whole.steps[next_step].first_event == grown.events.size(); ++next_step) {
      grown.steps.push_back(whole.steps[next_step]);
      writer.add(grown);
    }
    grown.events.push_back(event);
    if (grown.events.size() % 7 == 0) writer.add(grown);
  }
  writer.end(grown);
  file.commit();
  CHECK((read_bytes(folder / "grown.jsonl") == expected));
}

TEST_CASE("a Chrome trace is sorted by time, and its slices are those of the run", "[trace]") {
  const RunTrace trace = planned_trace(header_of(tiny_settings));
  const auto events = nlohmann::json::parse(chrome_trace_json(trace)).at("traceEvents");
  double last = 0;
  std::vector<std::string> steps;
  for (const auto& event : events) {
    if (event.at("ph") == "M") continue;
    const double time = event.at("ts");
    REQUIRE(time >= last);
    last = time;
    if (event.at("ph") == "X" && event.at("tid") == 1) steps.push_back(event.at("name"));
  }
  CHECK(steps == std::vector<std::string>{"setup", "step 1", "step 2"});
}
