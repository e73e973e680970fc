#include "tools/trace/chrome.h"

#include <nlohmann/json.hpp>

#include "tools/trace/summary.h"

namespace revunet::tools {

namespace {

using nlohmann::json;

enum Row { steps = 1, phases, layers };  // "threads" of the one process

double microseconds(uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-3;
}

void add(std::string& text, const json& event) {
  text += ",\n" + event.dump();
}

// Consecutive events of one name are one slice.
class Slices {
 public:
  Slices(std::string& text, Row row) : text_(text), row_(row) {}
  void at(const std::string& name, uint64_t nanoseconds) {
    if (name == name_) return;
    close(nanoseconds);
    name_ = name;
    begin_ = nanoseconds;
  }
  void close(uint64_t nanoseconds) {
    if (name_.empty()) return;
    add(text_, {{"name", name_},
                {"ph", "X"},
                {"pid", 1},
                {"tid", row_},
                {"ts", microseconds(begin_)},
                {"dur", microseconds(nanoseconds - begin_)}});
    name_.clear();
  }

 private:
  std::string& text_;
  Row row_;
  std::string name_;
  uint64_t begin_ = 0;
};

void add_names(std::string& text, const Trace& trace) {
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

std::string to_chrome_json(const Trace& trace) {
  std::string text;
  add_names(text, trace);
  const std::vector<Section> parts = sections(trace);
  Slices step_slices(text, steps), phase_slices(text, phases), layer_slices(text, layers);
  replay(trace, [&](size_t i, size_t section, const LiveSet& live) {
    const TraceEvent& e = trace.events[i];
    step_slices.at(describe(parts[section]), e.nanoseconds);
    phase_slices.at(name_of(e.phase), e.nanoseconds);
    // A free belongs to the layer that allocated, which need not be the one that runs.
    if (e.kind == AllocationEvent::Kind::allocate) layer_slices.at(trace.layers[e.layer], e.nanoseconds);
    add_counters(text, e.nanoseconds, live);
  });
  const uint64_t end = trace.events.empty() ? 0 : trace.events.back().nanoseconds;
  for (Slices* slices : {&step_slices, &phase_slices, &layer_slices}) slices->close(end);
  return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[" + text.substr(2) + "\n]}\n";
}

}  // namespace revunet::tools
