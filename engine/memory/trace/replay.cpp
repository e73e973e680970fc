#include "engine/memory/trace/replay.h"

#include <algorithm>

#include "engine/error.h"

namespace revunet {

namespace {

using Kind = AllocationEvent::Kind;

// No correct program carries these blocks from one step into another. Parameters, their moments, what they are packed
// into for other processes and, where gradients accumulate over steps, gradients stay.
bool transient(Tag tag) {
  return tag != Tag::parameter && tag != Tag::optimiser && tag != Tag::gradient && tag != Tag::communication;
}

// Backward allocates the input of the next step, which lives until then.
bool is_next_input(const TraceEvent& birth) {
  return birth.tag == Tag::input && birth.phase == Phase::backward;
}

std::string block_text(const Trace& trace, const TraceEvent& e) {
  return fmt::format("{} of {}, {} bytes", name_of(e.tag), trace.layers[e.layer], e.requested());
}

bool starts_evaluation(const Trace& trace, size_t i) {
  return trace.events[i].phase == Phase::evaluation;
}

int64_t step_at(const Trace& trace, size_t event) {
  int64_t step = 0;
  for (const StepMark& mark : trace.steps) {
    if (mark.first_event <= event) step = mark.step;
  }
  return step;
}

// Finds transient blocks that are still live after the section in which they were allocated.
void find_leaks(const Trace& trace, const LiveSet& live, const std::vector<Section>& parts,
                std::vector<Fault>& faults) {
  const int64_t last_step = trace.steps.empty() ? 0 : trace.steps.back().step;
  for (const auto& [address, block] : live.blocks()) {
    const TraceEvent& e = trace.events[block.event];
    if (!transient(e.tag) || !parts[block.section].complete) continue;
    if (is_next_input(e) && step_at(trace, block.event) == last_step) continue;  // its step was not recorded
    faults.push_back({block.event, fmt::format("leak: {}, allocated in {} (event {}) and never freed",
                                               block_text(trace, e), describe(parts[block.section]), block.event)});
  }
}

}  // namespace

std::vector<Section> sections(const Trace& trace) {
  std::vector<Section> parts;
  size_t next_step = 0;
  const auto open = [&](Section::Kind kind, size_t begin) {
    if (!parts.empty()) parts.back().end = begin;
    parts.push_back({kind, next_step ? trace.steps[next_step - 1].step : 0, begin, begin, true});
  };
  open(Section::Kind::setup, 0);
  for (size_t i = 0; i <= trace.events.size(); ++i) {
    for (; next_step < trace.steps.size() && trace.steps[next_step].first_event == i;) {
      ++next_step;
      open(Section::Kind::step, i);
    }
    if (i == trace.events.size()) break;
    const bool evaluating = parts.back().kind == Section::Kind::evaluation;
    if (starts_evaluation(trace, i) && !evaluating) open(Section::Kind::evaluation, i);
    if (!starts_evaluation(trace, i) && evaluating) open(Section::Kind::rest, i);
  }
  parts.back().end = trace.events.size();
  parts.back().complete = trace.end == TraceEnd::run_ended || trace.end == TraceEnd::steps_recorded;
  return parts;
}

std::string describe(const Section& s) {
  switch (s.kind) {
    case Section::Kind::setup:
      return "setup";
    case Section::Kind::step:
      return fmt::format("step {}", s.step);
    case Section::Kind::evaluation:
      return fmt::format("the evaluation after step {}", s.step);
    case Section::Kind::rest:
      break;
  }
  return fmt::format("what followed step {}", s.step);
}

void LiveSet::apply(size_t i, size_t section, std::vector<Fault>& faults) {
  const TraceEvent& e = trace_.events[i];
  switch (e.kind) {
    case Kind::segment:
      segments_[e.address] = i;
      reserved_ += e.size;
      return;
    case Kind::allocate:
      return allocate(i, section, faults);
    case Kind::free:
      return free(i, section, faults);
    case Kind::release:
      return release(i, faults);
  }
}

std::optional<size_t> LiveSet::block_at(uint64_t address, uint64_t size) const {
  auto next = blocks_.lower_bound(address);
  if (next != blocks_.end() && next->first < address + size) return next->second.event;
  if (next == blocks_.begin()) return std::nullopt;
  --next;
  const TraceEvent& before = trace_.events[next->second.event];
  return before.address + before.size > address ? std::optional(next->second.event) : std::nullopt;
}

bool LiveSet::in_segment(uint64_t address, uint64_t size) const {
  auto next = segments_.upper_bound(address);
  if (next == segments_.begin()) return false;
  const TraceEvent& segment = trace_.events[std::prev(next)->second];
  return address + size <= segment.address + segment.size;
}

void LiveSet::allocate(size_t i, size_t section, std::vector<Fault>& faults) {
  const TraceEvent& e = trace_.events[i];
  if (const auto other = block_at(e.address, e.size)) {
    faults.push_back({i, fmt::format("overlap: {}, lies in memory that is live: {}", describe_event(trace_, i),
                                     describe_event(trace_, *other))});
    return;
  }
  if (!in_segment(e.address, e.size)) {
    faults.push_back({i, fmt::format("stray block: {}, lies in no segment", describe_event(trace_, i))});
  }
  blocks_[e.address] = {i, section};
  freed_.erase(e.address);
  allocated_ += e.size;
  by_tag_[static_cast<size_t>(e.tag)] += e.size;
}

void LiveSet::free(size_t i, size_t section, std::vector<Fault>& faults) {
  const TraceEvent& e = trace_.events[i];
  const auto found = blocks_.find(e.address);
  if (found == blocks_.end()) {
    const auto before = freed_.find(e.address);
    faults.push_back({i, before != freed_.end()
                             ? fmt::format("double free: {}, was freed before: {}", describe_event(trace_, i),
                                           describe_event(trace_, before->second))
                             : fmt::format("stray free: {}, was never allocated", describe_event(trace_, i))});
    return;
  }
  const TraceEvent& birth = trace_.events[found->second.event];
  if (birth.size != e.size || birth.tag != e.tag || birth.layer != e.layer || birth.rounding != e.rounding) {
    faults.push_back({i, fmt::format("changed block: {}, was allocated as {}", describe_event(trace_, i),
                                     describe_event(trace_, found->second.event))});
  }
  const bool late = is_next_input(birth) ? step_at(trace_, i) - step_at(trace_, found->second.event) > 1
                                         : found->second.section != section;
  if (transient(birth.tag) && late) {
    faults.push_back({i, fmt::format("late free: {}, was allocated before: {}", describe_event(trace_, i),
                                     describe_event(trace_, found->second.event))});
  }
  allocated_ -= birth.size;
  by_tag_[static_cast<size_t>(birth.tag)] -= birth.size;
  freed_[e.address] = i;
  blocks_.erase(found);
}

void LiveSet::release(size_t i, std::vector<Fault>& faults) {
  const TraceEvent& e = trace_.events[i];
  const auto found = segments_.find(e.address);
  if (found == segments_.end() || trace_.events[found->second].size != e.size) {
    faults.push_back({i, fmt::format("stray release: {}, is no segment", describe_event(trace_, i))});
    return;
  }
  if (const auto block = block_at(e.address, e.size)) {
    faults.push_back({i, fmt::format("early release: {}, holds a live block: {}", describe_event(trace_, i),
                                     describe_event(trace_, *block))});
  }
  segments_.erase(found);
  reserved_ -= e.size;
}

std::vector<Fault> replay(const Trace& trace, const Visit& visit) {
  const std::vector<Section> parts = sections(trace);
  LiveSet live(trace);
  std::vector<Fault> faults;
  for (size_t section = 0; section < parts.size(); ++section) {
    for (size_t i = parts[section].begin; i < parts[section].end; ++i) {
      live.apply(i, section, faults);
      visit(i, section, live);
    }
  }
  find_leaks(trace, live, parts, faults);
  return faults;
}

LiveSet live_before(const Trace& trace, size_t event) {
  LiveSet live(trace);
  std::vector<Fault> ignored;  // replay() has reported them
  for (size_t i = 0; i < event; ++i) live.apply(i, 0, ignored);
  return live;
}

std::vector<Peak> section_peaks(const Trace& trace) {
  std::vector<Peak> peaks(sections(trace).size());
  replay(trace, [&](size_t i, size_t section, const LiveSet& live) {
    Peak& peak = peaks[section];
    peak.reserved = std::max(peak.reserved, live.reserved());
    if (live.allocated() <= peak.allocated) return;
    peak.event = i;
    peak.allocated = live.allocated();
    peak.by_tag = live.by_tag();
  });
  return peaks;
}

Peak highest(const std::vector<Peak>& peaks) {
  Peak peak = *std::ranges::max_element(peaks, {}, &Peak::allocated);
  peak.reserved = std::ranges::max(peaks, {}, &Peak::reserved).reserved;
  return peak;
}

std::vector<LayerBytes> by_layer(const Trace& trace, const LiveSet& live) {
  std::vector<LayerBytes> layers;
  for (const std::string& name : trace.layers) layers.push_back({name, 0});
  for (const auto& [address, block] : live.blocks()) {
    const TraceEvent& e = trace.events[block.event];
    layers[e.layer].bytes += e.size;
  }
  std::erase_if(layers, [](const LayerBytes& l) { return l.bytes == 0; });
  std::ranges::stable_sort(layers, std::greater<>(), &LayerBytes::bytes);
  return layers;
}

std::string describe_event(const Trace& trace, size_t i) {
  const TraceEvent& e = trace.events[i];
  const int64_t step = step_at(trace, i);
  const std::string where =
      fmt::format("event {} ({}, {})", i, step ? fmt::format("step {}", step) : "before step 1", name_of(e.phase));
  if (e.kind == Kind::segment || e.kind == Kind::release) {
    return fmt::format("{}, {} of {} bytes", where, name_of(e.kind), e.size);
  }
  return fmt::format("{}, {} of {}", where, name_of(e.kind), block_text(trace, e));
}

}  // namespace revunet
