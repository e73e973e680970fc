// Tests traces of runs that are killed.
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "models/plan/trace/recorder.h"
#include "models/plan/trace/trace_file.h"
#include "models/plan/verify.h"
#include "tests/io/test_files.h"
#include "tests/models/plan/traces.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;

namespace {

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
