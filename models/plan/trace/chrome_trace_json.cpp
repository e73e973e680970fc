#include "models/plan/trace/chrome_trace_json.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "models/plan/trace/trace_tables.h"

namespace revunet {

namespace {

using nlohmann::json;

enum Row { steps = 1, phases, layers };  // "threads" of the one process

double microseconds(uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-3;
}

void add(std::string& text, const json& event) {
  text += ",\n" + event.dump();
}

// A Slice is an interval on one row of the timeline.
struct Slice {
  uint64_t begin, end;  // nanoseconds
  Row row;
  std::string name;
};

// Consecutive events of one name are one slice.
class Slices {
 public:
  Slices(std::vector<Slice>& all, Row row) : all_(all), row_(row) {}
  void at(const std::string& name, uint64_t nanoseconds) {
    if (name == name_) return;
    close(nanoseconds);
    name_ = name;
    begin_ = nanoseconds;
  }
  void close(uint64_t nanoseconds) {
    if (!name_.empty()) all_.push_back({begin_, nanoseconds, row_, name_});
    name_.clear();
  }

 private:
  std::vector<Slice>& all_;
  Row row_;
  std::string name_;
  uint64_t begin_ = 0;
};

// Returns the slices of all rows, sorted by their begin.
std::vector<Slice> slices_of(const RunTrace& trace, const std::vector<Section>& parts) {
  std::vector<Slice> all;
  Slices step_slices(all, steps), phase_slices(all, phases), layer_slices(all, layers);
  for (const Section& part : parts) {
    for (size_t i = part.begin; i < part.end; ++i) {
      const TraceEvent& e = trace.events[i];
      step_slices.at(describe(part), e.nanoseconds);
      phase_slices.at(name_of(e.phase), e.nanoseconds);
      // A free belongs to the layer that allocated, which need not be the layer that runs.
      if (e.kind == AllocationEvent::Kind::allocate) layer_slices.at(trace.layers[e.layer], e.nanoseconds);
    }
  }
  const uint64_t end = trace.events.empty() ? 0 : trace.events.back().nanoseconds;
  for (Slices* slices : {&step_slices, &phase_slices, &layer_slices}) slices->close(end);
  std::ranges::stable_sort(all, {}, &Slice::begin);
  return all;
}

void add_slice(std::string& text, const Slice& s) {
  add(text, {{"name", s.name},
             {"ph", "X"},
             {"pid", 1},
             {"tid", s.row},
             {"ts", microseconds(s.begin)},
             {"dur", microseconds(s.end - s.begin)}});
}

void add_names(std::string& text, const RunTrace& trace) {
  const auto name = [&](const char* what, int row, const std::string& value) {
    add(text, {{"name", what}, {"ph", "M"}, {"pid", 1}, {"tid", row}, {"args", {{"name", value}}}});
  };
  name("process_name", 0, configuration_text(trace.header.settings));
  name("thread_name", steps, "steps");
  name("thread_name", phases, "phases");
  name("thread_name", layers, "layers");
}

void add_counters(std::string& text, uint64_t nanoseconds, const LiveSet& live) {
  json by_tag;
  for (size_t tag = 0; tag < kTagCount; ++tag) by_tag[kTagNames[tag]] = live.by_tag()[tag];
  add(text, {{"name", "memory"}, {"ph", "C"}, {"pid", 1}, {"ts", microseconds(nanoseconds)}, {"args", by_tag}});
  add(text, {{"name", "total"},
             {"ph", "C"},
             {"pid", 1},
             {"ts", microseconds(nanoseconds)},
             {"args", {{"allocated", live.allocated()}, {"reserved", live.reserved()}}}});
}

}  // namespace

std::string chrome_trace_json(const RunTrace& trace) {
  std::string text;
  add_names(text, trace);
  const std::vector<Slice> slices = slices_of(trace, sections(trace));
  size_t next = 0;
  replay(trace, [&](size_t i, size_t, const LiveSet& live) {
    const uint64_t now = trace.events[i].nanoseconds;
    for (; next < slices.size() && slices[next].begin <= now; ++next) add_slice(text, slices[next]);
    add_counters(text, now, live);
  });
  return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[" + text.substr(2) + "\n]}\n";
}

}  // namespace revunet
