// Tests traces that end too early, of runs that were killed and of copies that were cut short, as revunet-trace shows
// them.

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "models/plan/trace/recorder.h"
#include "models/plan/trace/trace_file.h"
#include "models/plan/verify.h"
#include "tests/models/plan/traces.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

ToolResult run_trace_tool(const std::string& command, const fs::path& file) {
  return run_tool("revunet-trace", fmt::format("{} '{}'", command, file.string()));
}

// Runs `work` in a separate process and kills it where `work` returns.
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

TEST_CASE("every command of revunet-trace shows what is before a cut, with a warning", "[trace]") {
  const TemporaryFolder folder;
  const std::string whole = read_bytes(write(folder / "t.jsonl", planned_trace(header_of(tiny_settings))));
  const fs::path file = folder / "t.jsonl";
  write_bytes(file, whole.substr(0, whole.size() - 37));
  const auto warned = ContainsSubstring("warning: [" + file.string() + "] the trace has no end record");
  for (const auto& [command, shown] :
       {std::pair{"summary", "step 2"}, {"peak", "by tag"}, {"plot", "t.png"}, {"convert", "t.chrome.json"}}) {
    INFO(command);
    const ToolResult got = run_trace_tool(command, file);
    CHECK(got.exit_code == 0);
    CHECK_THAT(got.errors, warned);
    CHECK_THAT(got.output, ContainsSubstring(shown));
  }
  CHECK_THAT(run_trace_tool("summary", file).output,
             ContainsSubstring("ended: no end record") && ContainsSubstring("step 2 (cut)"));
  const ToolResult verified = run_trace_tool("verify", file);
  CHECK(verified.exit_code == 1);
  CHECK_THAT(verified.errors, warned && ContainsSubstring("the rest cannot be verified"));
  CHECK_THAT(verified.output, ContainsSubstring("step 1: every term") && !ContainsSubstring("verified"));
}

TEST_CASE("a plan's own trace is not called verified", "[trace]") {
  const TemporaryFolder folder;
  const ToolResult got = run_trace_tool("verify", write(folder / "p.jsonl", planned_trace(header_of(tiny_settings))));
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
    // There is a segment, then two allocations and two frees per step. The last frees come after end_step.
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
