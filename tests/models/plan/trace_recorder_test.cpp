// Tests recorders of traces, and what is made of a trace for other programs.

#include <nlohmann/json.hpp>

#include "engine/memory/trace/collector.h"
#include "models/plan/trace/chrome_trace_json.h"
#include "models/plan/trace/recorder.h"
#include "tests/io/test_files.h"
#include "tests/models/plan/traces.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
namespace fs = std::filesystem;

TEST_CASE("a recorder that is not finished says that its run failed, and a full one that it was full", "[trace]") {
  const TemporaryFolder folder;
  const TraceRequest request{folder / "t.jsonl", 2};
  {
    Device device = Device::meta();
    TraceRecorder recorder(device.allocator(), header_of(tiny_settings), request, [](const std::string&) {});
    recorder.begin_step(1);
    const Tensor x({device, nullptr, Tag::input}, {5}, DType::f32);
    CHECK_FALSE(fs::exists(request.path));
  }
  const RunTrace trace = read_trace(request.path);
  CHECK(trace.end == TraceEnd::run_failed);
  REQUIRE(trace.events.size() == 3);  // segment, allocate, free
  CHECK(trace.events[1].requested() == 20);
  CHECK(trace.events[1].size == 512);

  Device device = Device::meta();
  TraceCollector collector(device.allocator());
  collector.begin_step(1);
  while (!collector.full()) {
    const Tensor x({device, nullptr, Tag::input}, {5}, DType::f32);
  }
  for (const int64_t step : {2, 3}) collector.begin_step(step);  // unmarked, as their events are not recorded
  const Trace full = collector.take(TraceEnd::run_ended);
  CHECK(full.events.size() == TraceCollector::kMostEvents);
  CHECK(full.end == TraceEnd::event_limit);
  CHECK(full.steps.size() == 1);
  CHECK(replay(full, [](size_t, size_t, const LiveSet&) {}).empty());  // what was cut off is no leak
  CHECK_THROWS_AS(TraceCollector(device.allocator()), Error);          // it has a segment already
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
