// Tests trace files: read back, refused where they are damaged, read up to where they were cut, and grown.

#include <algorithm>
#include <sstream>

#include "models/plan/verify.h"
#include "tests/io/test_files.h"
#include "tests/models/plan/traces.h"
#include "tests/support/catch.h"
#include "tests/support/cpu_instructions.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using Kind = AllocationEvent::Kind;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

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

// The network has channels that AMX pads, so that its workspaces are others.
TEST_CASE("a trace is verified with the instructions of its run, where they are there", "[trace]") {
  MemorySettings settings = tiny_settings;
  settings.network.channels = {60, 120};
  RunTrace trace;
  {
    const WithCpuInstructions least(least_cpu_instructions());
    trace = planned_trace(header_of(settings));
  }
  CHECK(verify(trace).difference.empty());
  trace.header.cpu_instructions = CpuInstructions::amx;
  if (available_cpu_instructions() == CpuInstructions::amx) {
    CHECK_THAT(verify(trace).difference, ContainsSubstring("expected"));
  } else {
    CHECK_THROWS_WITH(verify(trace),
                      ContainsSubstring("expected a trace of a run with") && ContainsSubstring("got amx"));
  }
}

TEST_CASE("a trace from before instructions were recorded is one of this process's", "[trace]") {
  const TemporaryFolder folder;
  std::string text = read_bytes(write(folder / "t.jsonl", planned_trace(header_of(tiny_settings))));
  const std::string member = std::string("\"cpu_instructions\":\"") + name_of(cpu_instructions()) + "\",";
  REQUIRE(text.find(member) != std::string::npos);
  text.erase(text.find(member), member.size());
  write_bytes(folder / "old.jsonl", text);
  CHECK(read_trace(folder / "old.jsonl").header.cpu_instructions == cpu_instructions());
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
    // An event's line ends in "]". One that lacks only its line break is complete.
    const auto events = static_cast<size_t>(
        std::count(bytes.begin() + static_cast<int64_t>(header), bytes.begin() + static_cast<int64_t>(length), ']'));
    REQUIRE(trace.events.size() == events);
    REQUIRE(std::equal(trace.events.begin(), trace.events.end(), whole.events.begin()));
  }
  for (const size_t length : {size_t{1}, header / 2, header - 20}) {
    write_bytes(cut, bytes.substr(0, length));
    CHECK_THROWS_WITH(read_trace(cut), ContainsSubstring("cut short within its header"));
  }
  // A disk may leave zeros, and the damage may lie before the last line.
  write_bytes(cut, bytes.substr(0, end) + std::string(100, '\0'));
  CHECK(read_trace(cut).events.size() == whole.events.size());
  write_bytes(cut, bytes.substr(0, end) + "[1,2\n[1");
  CHECK_THROWS_WITH(read_trace(cut),
                    ContainsSubstring("expected JSON, got: parse error") && !ContainsSubstring("cut short"));
  // A file that lacks only its last line break is complete.
  write_bytes(cut, bytes.substr(0, bytes.size() - 1));
  CHECK(read_trace(cut).end == TraceEnd::run_ended);
  write_bytes(cut, bytes.substr(0, bytes.size() - 2));
  CHECK(read_trace(cut).end == TraceEnd::no_end_record);
  write_bytes(cut, bytes.substr(0, end) + "{\"end\":\"no end record\",\"steps\":2,\"events\":0}\n");
  CHECK_THROWS_WITH(read_trace(cut), ContainsSubstring("expected an end of steps recorded, run ended, run failed"));
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
