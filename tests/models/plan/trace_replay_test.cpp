// Tests traces that are replayed: faults of traces made by hand, and the timeline of a plan's.

#include <algorithm>

#include "engine/memory/trace/timeline.h"
#include "models/plan/trace/trace_tables.h"
#include "models/plan/verify.h"
#include "tests/models/plan/traces.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using Kind = AllocationEvent::Kind;

TEST_CASE("a leak, a double free and a late free are found and named", "[trace]") {
  HandMade good;
  good.add(Kind::allocate, 0, 512, Tag::parameter, Phase::setup);
  good.step();
  good.add(Kind::allocate, 512, 1024, Tag::saved_activation);
  good.add(Kind::free, 512, 1024, Tag::saved_activation, Phase::backward);
  CHECK(good.faults().empty());  // a parameter stays

  HandMade leak = good;
  leak.add(Kind::allocate, 2048, 1536, Tag::backward_scratch, Phase::backward);
  CHECK(leak.faults() == std::vector<std::string>{"leak: backward_scratch of conv, 1524 bytes, allocated in step 1 "
                                                  "(event 4) and never freed"});
  leak.trace.end = TraceEnd::run_failed;  // the step did not finish
  CHECK(leak.faults().empty());
  leak.step();
  CHECK(leak.faults().size() == 1);  // it did finish if another begins

  HandMade twice = good;
  twice.add(Kind::free, 512, 1024, Tag::saved_activation, Phase::backward);
  CHECK(twice.faults() ==
        std::vector<std::string>{
            "double free: event 4 (step 1, backward), free of saved_activation of conv, 1012 bytes, was freed before: "
            "event 3 (step 1, backward), free of saved_activation of conv, 1012 bytes"});

  HandMade late = good;
  late.add(Kind::allocate, 512, 1024, Tag::sequence_output);
  late.step();
  late.add(Kind::free, 512, 1024, Tag::sequence_output);
  CHECK(late.faults() ==
        std::vector<std::string>{
            "late free: event 5 (step 2, forward), free of sequence_output of conv, 1012 bytes, was allocated before: "
            "event 4 (step 1, forward), allocate of sequence_output of conv, 1012 bytes"});
  CHECK_THAT(summary_text(late.trace), ContainsSubstring("1 faults\n  late free: "));
  CHECK_THAT(verify(late.trace).difference, ContainsSubstring("late free: event 5 (step 2, forward)"));

  HandMade ahead = good;
  ahead.add(Kind::allocate, 512, 1024, Tag::input, Phase::backward);  // of the next step
  ahead.step();
  ahead.add(Kind::free, 512, 1024, Tag::input, Phase::backward);
  CHECK(ahead.faults().empty());
  HandMade never = good;
  never.add(Kind::allocate, 512, 1024, Tag::input, Phase::backward);
  CHECK(never.faults().empty());  // the next step was not recorded
  never.step();
  never.add(Kind::allocate, 2048, 1024, Tag::input, Phase::backward);
  never.step();
  CHECK(never.faults().size() == 2);  // of the first two steps; the third has begun
  HandMade interrupted = good;
  interrupted.add(Kind::allocate, 512, 1024, Tag::input, Phase::backward);
  interrupted.add(Kind::allocate, 2048, 1024, Tag::input, Phase::evaluation);
  interrupted.add(Kind::free, 2048, 1024, Tag::input, Phase::evaluation);
  interrupted.add(Kind::free, 512, 1024, Tag::input, Phase::evaluation);
  CHECK(interrupted.faults().empty());
  HandMade too_late = good;
  too_late.add(Kind::allocate, 512, 1024, Tag::input, Phase::backward);
  too_late.step();
  too_late.step();
  too_late.add(Kind::free, 512, 1024, Tag::input, Phase::backward);
  CHECK(too_late.faults().size() == 1);
  HandMade kept = good;
  kept.add(Kind::allocate, 512, 1024, Tag::input);  // of this step
  kept.step();
  CHECK(kept.faults().size() == 1);

  HandMade evaluation = good;
  evaluation.add(Kind::allocate, 512, 1024, Tag::workspace);
  evaluation.add(Kind::free, 512, 1024, Tag::workspace, Phase::evaluation);  // the step is over
  REQUIRE(evaluation.faults().size() == 1);
  CHECK_THAT(evaluation.faults()[0], ContainsSubstring("late free: "));
}

TEST_CASE("blocks that lie where they cannot are found and named", "[trace]") {
  HandMade overlap;
  overlap.add(Kind::allocate, 1024, 1024, Tag::parameter);
  overlap.add(Kind::allocate, 1536, 512, Tag::gradient);
  REQUIRE(overlap.faults().size() == 1);
  CHECK_THAT(overlap.faults()[0],
             ContainsSubstring("overlap: event 2") && ContainsSubstring("gradient of conv, 500 bytes"));

  HandMade outside;
  outside.add(Kind::allocate, (1 << 20) - 512, 1024, Tag::parameter);
  REQUIRE(outside.faults().size() == 1);
  CHECK_THAT(outside.faults()[0], ContainsSubstring("stray block: event 1"));

  HandMade never;
  never.add(Kind::free, 0, 512, Tag::input);
  REQUIRE(never.faults().size() == 1);
  CHECK_THAT(never.faults()[0], ContainsSubstring("stray free: event 1"));

  HandMade changed;
  changed.add(Kind::allocate, 0, 512, Tag::input);
  changed.add(Kind::free, 0, 512, Tag::gradient);
  REQUIRE(changed.faults().size() == 1);
  CHECK_THAT(changed.faults()[0], ContainsSubstring("changed block: event 2"));

  HandMade early;
  early.add(Kind::allocate, 0, 512, Tag::parameter);
  early.add(Kind::release, 0, 1 << 20, Tag::other);
  REQUIRE(early.faults().size() == 1);
  CHECK_THAT(early.faults()[0], ContainsSubstring("early release: event 2") && ContainsSubstring("parameter of conv"));
}

TEST_CASE("a timeline keeps the peak, whatever its resolution", "[trace]") {
  const RunTrace trace = planned_trace(header_of(tiny_settings));
  const uint64_t peak = highest(section_peaks(trace)).allocated;
  for (const size_t resolution : {2, 10, 100'000}) {
    const Timeline timeline = make_timeline(trace, TimelineAxis::events, std::nullopt, resolution);
    CHECK(timeline.columns.size() <= 2 * resolution);
    CHECK(std::ranges::max(timeline.columns, {}, &TimelineColumn::allocated).allocated == peak);
    CHECK(timeline.peak.allocated == peak);
    CHECK(std::ranges::is_sorted(timeline.columns, {}, &TimelineColumn::x));
    for (const TimelineColumn& column : timeline.columns) {
      uint64_t sum = 0;
      for (const uint64_t bytes : column.by_tag) sum += bytes;
      REQUIRE(sum == column.allocated);
    }
    REQUIRE(timeline.steps.size() == 3);
    CHECK(timeline.steps[2].name == "step 2");
    CHECK(timeline.steps[1].end == timeline.steps[2].begin);
  }
}
