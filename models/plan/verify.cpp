#include "models/plan/verify.h"

#include <algorithm>

#include "models/plan/equations.h"
#include "models/plan/planned_trace.h"

namespace revunet {

namespace {

using Kind = AllocationEvent::Kind;

// On a CUDA device, workspaces are what the chosen algorithms take. The planner knows only their limit.
bool plans_workspaces(const TraceHeader& header) {
  return header.device != "cuda";
}

// Returns the indices of the allocations and frees of a section.
std::vector<size_t> requests(const Trace& trace, const Section& section, bool workspaces) {
  std::vector<size_t> indices;
  for (size_t i = section.begin; i < section.end; ++i) {
    const TraceEvent& event = trace.events[i];
    const bool request = event.kind == Kind::allocate || event.kind == Kind::free;
    if (request && (workspaces || event.tag != Tag::workspace)) indices.push_back(i);
  }
  return indices;
}

bool alike(const Trace& a, size_t i, const Trace& b, size_t j) {
  const TraceEvent &x = a.events[i], &y = b.events[j];
  return x.kind == y.kind && x.size == y.size && x.rounding == y.rounding && x.tag == y.tag && x.phase == y.phase &&
         a.layers[x.layer] == b.layers[y.layer];
}

const Section* find(const std::vector<Section>& parts, Section::Kind kind, int64_t step) {
  const auto found =
      std::ranges::find_if(parts, [&](const Section& s) { return s.kind == kind && (step == 0 || s.step == step); });
  return found == parts.end() ? nullptr : &*found;
}

// Returns the section of the plan that corresponds to a section. All steps from the second on are alike, and so are all
// predictions.
const Section* planned_section(const std::vector<Section>& plan, const Section& section) {
  switch (section.kind) {
    case Section::Kind::setup:
      return find(plan, Section::Kind::setup, 0);
    case Section::Kind::step:
      return find(plan, Section::Kind::step, std::min<int64_t>(section.step, 2));
    case Section::Kind::evaluation:
      return find(plan, Section::Kind::evaluation, 0);
    case Section::Kind::rest:
      break;
  }
  return nullptr;
}

// Returns the first difference between a section and its plan. An evaluation repeats its plan, one prediction after
// another.
std::string difference(const RunTrace& trace, const Section& section, const Trace& plan, const Section* planned) {
  const bool workspaces = plans_workspaces(trace.header);
  const std::vector<size_t> got = requests(trace, section, workspaces);
  if (!planned) {
    if (got.empty()) return {};
    return fmt::format("expected nothing in {}, which the plan does not have, got {}", describe(section),
                       describe_event(trace, got[0]));
  }
  const std::vector<size_t> want = requests(plan, *planned, workspaces);
  const bool repeats = section.kind == Section::Kind::evaluation;
  for (size_t i = 0; i < got.size(); ++i) {
    if (i >= want.size() && !repeats) {
      return fmt::format("expected {} allocations and frees in {}, as the plan has, got another one: {}", want.size(),
                         describe(section), describe_event(trace, got[i]));
    }
    const size_t j = want[i % want.size()];
    if (!alike(trace, got[i], plan, j)) {
      return fmt::format("expected, from the plan: {}; got: {}", describe_event(plan, j),
                         describe_event(trace, got[i]));
    }
  }
  const size_t left = got.size() % want.size();
  if (repeats ? left != 0 : got.size() < want.size()) {
    return fmt::format(
        "expected {} allocations and frees in {}, as the plan has, got {}; the first that is missing: "
        "{}",
        want.size(), describe(section), got.size(), describe_event(plan, want[left]));
  }
  return {};
}

std::string compare_with_plan(const RunTrace& trace, Verification& result) {
  const RunTrace plan = planned_trace(trace.header);
  const bool workspaces = plans_workspaces(trace.header);
  const std::vector<Section> parts = sections(trace), planned = sections(plan);
  const std::vector<Peak> peaks = section_peaks(trace), planned_peaks = section_peaks(plan);
  for (size_t i = 0; i < parts.size(); ++i) {
    const Section& section = parts[i];
    if (!section.complete) {
      result.notes.push_back(fmt::format("{} was cut short ({}): its {} events are not compared", describe(section),
                                         name_of(trace.end), section.end - section.begin));
      continue;
    }
    const Section* like = planned_section(planned, section);
    if (std::string text = difference(trace, section, plan, like); !text.empty()) return text;
    if (!like) continue;
    const uint64_t want = planned_peaks[static_cast<size_t>(like - planned.data())].allocated;
    const size_t count = requests(trace, section, workspaces).size();
    if (!workspaces) {
      result.confirmed.push_back(
          fmt::format("{}: {} allocations and frees are as planned, workspaces left out, which are those of the chosen "
                      "algorithms; a peak of {} bytes, where {} are planned",
                      describe(section), count, peaks[i].allocated, want));
      continue;
    }
    if (want != peaks[i].allocated) {
      return fmt::format("expected a peak of {} bytes in {}, as planned, got {}", want, describe(section),
                         peaks[i].allocated);
    }
    result.confirmed.push_back(fmt::format("{}: {} allocations and frees, and the peak of {} bytes, are as planned",
                                           describe(section), count, want));
  }
  return {};
}

std::string compare_with_equations(const RunTrace& trace, Verification& result) {
  const std::vector<Section> parts = sections(trace);
  const std::vector<StepTerms> measured = measured_terms(trace);
  int64_t steps = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].kind != Section::Kind::step || !parts[i].complete) continue;
    const int64_t step = parts[i].step;
    const std::string text = first_difference(expected_terms(trace.header.settings, step), measured[i]);
    if (!text.empty()) return fmt::format("equations, step {}: {}", step, text);
    result.confirmed.push_back(fmt::format("step {}: every term of the equations is as expected, to the byte", step));
    ++steps;
  }
  return steps > 0 ? "" : "expected a complete step to verify, got none";
}

}  // namespace

Verification verify(const RunTrace& trace) {
  Verification result;
  const std::vector<Fault> faults = replay(trace, [](size_t, size_t, const LiveSet&) {});
  if (!faults.empty()) {
    result.difference = faults.front().text;
    return result;
  }
  result.confirmed.push_back(
      fmt::format("{} events without a leak, a double free or a late free", trace.events.size()));
  result.difference = compare_with_plan(trace, result);
  if (result.difference.empty()) result.difference = compare_with_equations(trace, result);
  return result;
}

}  // namespace revunet
