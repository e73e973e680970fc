// The parts of revunet-trace on traces made or spoilt by hand: faults, damaged files, the equations' closed forms.

#include "engine/memory/trace/collector.h"
#include "engine/memory/trace/timeline.h"
#include "models/plan/equations.h"
#include "models/plan/planned_trace.h"
#include "models/plan/trace/recorder.h"
#include "models/plan/trace/trace_file.h"
#include "models/plan/trace/trace_tables.h"
#include "models/plan/verify.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using Kind = AllocationEvent::Kind;
namespace fs = std::filesystem;

namespace {

const MemorySettings tiny_settings{.network = tiny_network, .size = {16, 16, 16}};

TraceHeader header_of(const MemorySettings& settings) {
  return make_header("test", DeviceKind::meta, 1, settings);
}

// One segment of 1 MiB, then blocks by hand.
class HandMade {
 public:
  HandMade() {
    trace.header = header_of(tiny_settings);
    trace.layers = {"none", "conv"};
    add(Kind::segment, 0, 1 << 20, Tag::other);
  }
  void add(Kind kind, uint64_t address, uint64_t size, Tag tag, Phase phase = Phase::forward) {
    const uint64_t time = trace.events.size();
    trace.events.push_back({.nanoseconds = time,
                            .address = 4096 + address,
                            .size = size,
                            .layer = 1,
                            .rounding = 12,
                            .kind = kind,
                            .phase = phase,
                            .tag = tag,
                            .reused = false,
                            .split = false});
    if (kind == Kind::segment) trace.events.back().rounding = 0, trace.events.back().layer = 0;
  }
  void step() {
    trace.steps.push_back({static_cast<int64_t>(trace.steps.size()) + 1, trace.events.size(), trace.events.size()});
  }
  std::vector<std::string> faults() const {
    std::vector<std::string> texts;
    for (const Fault& fault : replay(trace, [](size_t, size_t, const LiveSet&) {})) texts.push_back(fault.text);
    return texts;
  }
  RunTrace trace;
};

void write(const fs::path& path, const RunTrace& trace) {
  io::AtomicFile file(path);
  write_trace(file, trace);
  file.commit();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

size_t index(Tag tag) {
  return static_cast<size_t>(tag);
}

}  // namespace

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
  leak.trace.end = TraceEnd::run_failed;  // the step did not come to its end
  CHECK(leak.faults().empty());
  leak.step();
  CHECK(leak.faults().size() == 1);  // but it did if another begins

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

TEST_CASE("a trace is read back as it was written", "[trace]") {
  const TemporaryFolder folder;
  MemorySettings settings = tiny_settings;
  settings.mode = {Activations::stored, Skips::stored};
  settings.optimiser_step = OptimiserStep::fused;
  settings.validation = io::Size3{20, 16, 18};
  const RunTrace trace = planned_trace(header_of(settings));
  REQUIRE(trace.events.size() > 500);
  write(folder / "t.jsonl", trace);
  const RunTrace again = read_trace(folder / "t.jsonl");
  CHECK(again.events == trace.events);
  CHECK(again.layers == trace.layers);
  REQUIRE(again.steps.size() == 2);
  CHECK(again.steps[1].first_event == trace.steps[1].first_event);
  CHECK(again.header.date == trace.header.date);
  CHECK(again.header.settings.network == settings.network);
  CHECK(again.header.settings.mode == settings.mode);
  CHECK(again.header.settings.optimiser_step == settings.optimiser_step);
  CHECK(again.header.settings.size == settings.size);
  CHECK(again.header.settings.validation == settings.validation);
  CHECK(again.header.settings.steps == settings.steps);
  CHECK(verify(again).difference.empty());
}

TEST_CASE("damaged trace files are refused, with the line", "[trace]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "t.jsonl";
  HandMade made;
  made.step();
  made.add(Kind::allocate, 0, 512, Tag::input);
  made.add(Kind::free, 0, 512, Tag::input);
  write(path, made.trace);
  const std::string good = read_bytes(path);
  REQUIRE_NOTHROW(read_trace(path));
  const auto refusal = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    return message_of<DataError>([&] { read_trace(path); });
  };
  const std::vector<std::string> lines = lines_of(good);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  CHECK_THAT(refusal(with("\"version\":1", "\"version\":2")),
             ContainsSubstring("t.jsonl:1] expected format version 1, got 2; read it with"));
  CHECK_THAT(refusal(with("revunet-memory-trace", "other")), ContainsSubstring("is this file a trace?"));
  CHECK_THAT(refusal(with("\"channels\":[4,8]", "\"channels\":[4,6]")), ContainsSubstring("got 6 in 4,6"));
  CHECK_THAT(refusal(with("\"size\":[16,16,16]", "\"size\":[16,16,15]")), ContainsSubstring("multiples of 2"));
  CHECK_THAT(refusal(with("\"size\":[16", "\"sizes\":[16")), ContainsSubstring("expected 'size', got none"));
  CHECK_THAT(refusal(with("\"steps\":2}", "\"steps\":2,\"colour\":\"red\"}")), ContainsSubstring("got 'colour'"));
  CHECK_THAT(refusal(with("\"skips\":\"reversible\"", "\"skips\":\"none\"")),
             ContainsSubstring("for skips, got 'none'"));
  CHECK_THAT(refusal(with("\"tags\":[\"parameter\"", "\"tags\":[\"weights\"")), ContainsSubstring("for tags, got"));
  CHECK_THAT(refusal(with("{\"step\":1", "{\"step\":2")), ContainsSubstring("expected step 1 next, got 2"));
  CHECK_THAT(refusal(with("{\"layer\":1", "{\"layer\":2")), ContainsSubstring("expected layer 1 next, got 2"));
  CHECK_THAT(refusal(with(lines[4], "[1,2,3]")), ContainsSubstring("expected an event of 10 numbers, got 3"));
  CHECK_THAT(refusal(with("[2,2,4096", "[4,2,4096")), ContainsSubstring("from 0 to 3 for kind, got 4"));
  CHECK_THAT(refusal(with("[2,2,4096", "[2,-2,4096")), ContainsSubstring("for nanoseconds, got -2"));
  CHECK_THAT(refusal(with("[2,2,4096", "[2,0,4096")), ContainsSubstring("expected a time of 1 ns or later, got 0"));
  CHECK_THAT(refusal(with("[2,2,4096,512,500,3,1", "[2,2,4096,512,500,3,7")),
             ContainsSubstring("a layer that a record above"));
  CHECK_THAT(refusal(with("[2,2,4096,512,500", "[2,2,4096,5120,500")), ContainsSubstring("rounded up by at most 512"));
  CHECK_THAT(refusal(with("[2,2,4096,512,500", "[2,2,4096,512,513")),
             ContainsSubstring("from 0 to 512 for requested, got 513"));
  CHECK_THAT(refusal(with("\"events\":3", "\"events\":4")),
             ContainsSubstring("the 4 events that the end record counts, got 3"));
  CHECK_THAT(refusal(with("\"end\":\"run ended\"", "\"end\":\"tired\"")), ContainsSubstring("got 'tired'"));
  CHECK_THAT(refusal(good + "[]\n"), ContainsSubstring("expected nothing after the end record"));
  CHECK_THAT(refusal("nonsense\n"), ContainsSubstring("t.jsonl:1] expected JSON, got: "));
  CHECK_THAT(refusal(""), ContainsSubstring("got an empty file"));
}

TEST_CASE("any one number that is changed in an allocation is a difference from the plan", "[trace]") {
  const RunTrace good = planned_trace(header_of(tiny_settings));
  REQUIRE(verify(good).difference.empty());
  size_t event = good.steps[1].first_event + 100;
  while (good.events[event].kind != Kind::allocate) ++event;
  const auto changed = [&](const auto& change) {
    RunTrace trace = good;
    change(trace.events[event]);
    return verify(trace).difference;
  };
  CHECK_THAT(changed([](TraceEvent& e) { e.phase = Phase::optimiser; }), ContainsSubstring("expected, from the plan"));
  CHECK_THAT(changed([](TraceEvent& e) { e.rounding += 1; }), ContainsSubstring("changed block"));
  CHECK_THAT(changed([](TraceEvent& e) { e.tag = Tag::gradient; }), ContainsSubstring("changed block"));
  CHECK_THAT(changed([](TraceEvent& e) { e.layer -= 1; }), ContainsSubstring("changed block"));
  RunTrace shorter = good;  // without the last parameter
  shorter.events.erase(shorter.events.begin() + static_cast<int64_t>(shorter.steps[0].first_event) - 1);
  for (StepMark& mark : shorter.steps) --mark.first_event;
  CHECK_THAT(verify(shorter).difference, ContainsSubstring("the first that is missing: event"));
  RunTrace longer = good;
  longer.header.settings.steps = 1;  // a plan of one step has no second one
  CHECK_THAT(verify(longer).difference, ContainsSubstring("expected nothing in step 2, as the plan has no such thing"));
  RunTrace deeper = good;
  deeper.header.settings.network.encoder_depth = 2;
  CHECK_THAT(verify(deeper).difference, ContainsSubstring("expected"));
}

// Counted by hand. Tensors of 8 channels at 16 x 16 x 16: 131072 bytes; every norm's statistics: one block of 512.
TEST_CASE("the equations count what paper and pencil count", "[trace]") {
  const uint64_t tensor = 131072, statistics = 512;
  MemorySettings s{.network = {.channels = {8}}, .size = {16, 16, 16}};
  // One level: encoder and decoder are one sequence of two blocks, which keeps its pair and four statistics.
  StepTerms terms = expected_terms(s, 1);
  CHECK(terms.after_forward[index(Tag::sequence_output)] == tensor);
  CHECK(terms.after_forward[index(Tag::saved_activation)] == 4 * statistics);
  CHECK(terms.backward_scratch == tensor + tensor / 2);
  CHECK(terms.after_forward[index(Tag::optimiser)] == 0);
  // Weights of 8*27*4, 3*8 and 4 of 4*27*4, biases of 3 and 8 norms' vectors of 4: in bytes 3456, 96, 1728, 12, 16.
  const uint64_t parameters = 3584 + 512 + 4 * 2048 + 512 + 8 * 512;
  CHECK(terms.after_forward[index(Tag::parameter)] == parameters);
  CHECK(terms.gradients == parameters);
  CHECK(expected_terms(s, 2).after_forward[index(Tag::optimiser)] == 2 * parameters);
  s.optimiser_step = OptimiserStep::fused;
  CHECK(expected_terms(s, 2).gradients == 4 * 2048 + 8 * 512);  // the sequence's
  // Stored: x1 and x2 became y1 and y2 of the first block; y2 of it, and both of the second, are new halves.
  s.mode.activations = Activations::stored;
  terms = expected_terms(s, 1);
  CHECK(terms.after_forward[index(Tag::sequence_output)] == tensor);
  CHECK(terms.after_forward[index(Tag::saved_activation)] == 3 * tensor / 2 + 4 * statistics);

  // Two levels, 8 and 16 channels: pairs of 131072 and 32768 bytes.
  s = {.network = {.channels = {8, 16}}, .size = {16, 16, 16}};
  CHECK(expected_terms(s, 1).after_forward[index(Tag::sequence_output)] == tensor + tensor / 4);
  s.mode.skips = Skips::stored;
  CHECK(expected_terms(s, 1).after_forward[index(Tag::sequence_output)] == 2 * tensor + tensor / 4);

  // The baseline of one level: two layers, each with its convolution's and its norm's output.
  s = {.network = {.kind = ModelKind::baseline, .channels = {8}}, .size = {16, 16, 16}};
  terms = expected_terms(s, 1);
  CHECK(terms.after_forward[index(Tag::saved_activation)] == 4 * tensor + 2 * statistics);
  CHECK(terms.backward_scratch == 2 * tensor);
  CHECK(terms.after_forward[index(Tag::input)] == tensor / 2 + 3 * tensor / 8);  // 4 and 3 of 8 channels
}

TEST_CASE("in every mode, also at full size, a step allocates what the equations count", "[trace]") {
  const io::Size3 whole = {160, 192, 160}, small = {32, 36, 20};
  std::vector<MemorySettings> all = {
      {.network = default_config(ModelKind::reversible), .size = whole},
      {.network = default_config(ModelKind::baseline), .size = whole},
      {.network = {.channels = {6, 12, 60}}, .size = small},
      {.network = {.channels = {6, 12, 60}, .encoder_depth = 3, .decoder_depth = 2}, .size = small},
      {.network = {.channels = {6, 12, 60}}, .precision = Precision::bf16, .size = small},
      {.network = {.channels = {6, 12, 60}}, .precision = Precision::mixed, .size = small},
      {.network = {.channels = {6, 12, 60}}, .precision = Precision::mixed, .layout = kCudaLayout, .size = small},
      {.network = {.channels = {6, 12, 60}}, .layout = kCudaLayout, .size = small},
      {.network = {.channels = {6, 12, 60}}, .precision = Precision::bf16, .layout = kCudaLayout, .size = small},
      {.network = {.channels = {8}, .decoder_depth = 2}, .size = small, .steps = 1},
      {.network = {.kind = ModelKind::baseline, .channels = {6, 60, 12}}, .size = small},
      {.network = {.kind = ModelKind::baseline, .channels = {6}}, .size = small}};
  for (MemorySettings settings : all) {
    for (const Activations activations : {Activations::reversible, Activations::stored}) {
      for (const Skips skips : {Skips::reversible, Skips::stored}) {
        for (const OptimiserStep step : {OptimiserStep::separate, OptimiserStep::fused}) {
          settings.mode = {activations, skips};
          settings.optimiser_step = step;
          INFO(configuration_text(settings));
          const Verification result = verify(planned_trace(header_of(settings)));
          CHECK(result.difference.empty());
          CHECK(result.notes.empty());
        }
      }
    }
  }
}

TEST_CASE("a term that is off by a block is named", "[trace]") {
  const StepTerms good = expected_terms(tiny_settings, 2);
  CHECK(first_difference(good, good).empty());
  StepTerms bad = good;
  bad.after_forward[index(Tag::sequence_output)] += 512;
  CHECK_THAT(first_difference(good, bad),
             ContainsSubstring("bytes of sequence_output at the end of the forward pass, got"));
  bad = good;
  bad.backward_scratch += 512;
  CHECK_THAT(first_difference(good, bad), ContainsSubstring("backward_scratch at its most"));
  bad = good;
  bad.gradients -= 512;
  CHECK_THAT(first_difference(good, bad), ContainsSubstring("gradient at its most"));
}

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
