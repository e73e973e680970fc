#include "models/plan/trace/trace_tables.h"

#include <algorithm>
#include <numeric>

#include "engine/memory/allocation_table.h"
#include "models/plan/equations.h"

namespace revunet {

namespace {

using Kind = AllocationEvent::Kind;

constexpr size_t kLayersShown = 12, kFaultsShown = 20;

std::string row(const std::string& name, uint64_t bytes) {
  return fmt::format("  {:<62}{:>12.3f}\n", name, mib(bytes));
}

struct Counts {
  size_t allocations = 0, frees = 0, reused = 0, split = 0, segments = 0, releases = 0;
};

Counts count(const Trace& trace, const Section& section) {
  Counts c;
  for (size_t i = section.begin; i < section.end; ++i) {
    const TraceEvent& e = trace.events[i];
    c.allocations += e.kind == Kind::allocate;
    c.frees += e.kind == Kind::free;
    c.reused += e.kind == Kind::allocate && e.reused;
    c.split += e.kind == Kind::allocate && e.split;
    c.segments += e.kind == Kind::segment;
    c.releases += e.kind == Kind::release;
  }
  return c;
}

std::string section_table(const Trace& trace) {
  std::string text = fmt::format("{:<30}{:>9}{:>9}{:>9}{:>9}{:>10}{:>13}{:>13}{:>13}\n", "", "allocs", "frees",
                                 "reused", "split", "segments", "peak MiB", "reserved", "seconds");
  const std::vector<Section> parts = sections(trace);
  const std::vector<Peak> peaks = section_peaks(trace);
  for (size_t i = 0; i < parts.size(); ++i) {
    const Section& s = parts[i];
    if (s.begin == s.end) continue;
    const Counts c = count(trace, s);
    const uint64_t time = trace.events[s.end - 1].nanoseconds - trace.events[s.begin].nanoseconds;
    text += fmt::format("{:<30}{:>9}{:>9}{:>9}{:>9}{:>+10}{:>13.3f}{:>13.3f}{:>13.3f}\n",
                        describe(s) + (s.complete ? "" : " (cut)"), c.allocations, c.frees, c.reused, c.split,
                        static_cast<int64_t>(c.segments) - static_cast<int64_t>(c.releases), mib(peaks[i].allocated),
                        mib(peaks[i].reserved), static_cast<double>(time) * 1e-9);
  }
  return text;
}

std::string tag_table(const std::array<uint64_t, kTagCount>& by_tag) {
  std::string text;
  for (const size_t tag : tags_by_size(by_tag)) {
    if (by_tag[tag]) text += row(kTagNames[tag], by_tag[tag]);
  }
  return text;
}

std::string layer_table(const std::vector<LayerBytes>& layers, bool all) {
  const size_t shown = all ? layers.size() : std::min(kLayersShown, layers.size());
  std::string text;
  uint64_t rest = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (i < shown) {
      text += row(layers[i].layer, layers[i].bytes);
    } else {
      rest += layers[i].bytes;
    }
  }
  if (shown < layers.size())
    text += row(fmt::format("{} other layers (`all` names them)", layers.size() - shown), rest);
  return text;
}

std::string fault_list(const std::vector<Fault>& faults) {
  if (faults.empty()) return "no leaks, no double frees, no late frees\n";
  std::string text = fmt::format("{} faults\n", faults.size());
  for (size_t i = 0; i < std::min(kFaultsShown, faults.size()); ++i) text += "  " + faults[i].text + "\n";
  if (faults.size() > kFaultsShown) text += fmt::format("  and {} more\n", faults.size() - kFaultsShown);
  return text;
}

}  // namespace

std::string configuration_text(const MemorySettings& s) {
  return fmt::format("{} network, channels {}{}, encoder depth {}, decoder depth {}, on {} voxels; {}",
                     name_of(s.network.kind), fmt::join(s.network.channels, ","), describe_halved(s.network),
                     s.network.encoder_depth, s.network.decoder_depth, fmt::join(s.size, ","), describe(s));
}

std::string summary_text(const RunTrace& trace) {
  const TraceHeader& h = trace.header;
  std::string text = configuration_text(h.settings) + "\n";
  text += fmt::format("{} of {}, device {}, {} threads; {} steps, {} events; ended: {}\n\n", h.program, h.date,
                      h.device, h.threads, trace.steps.size(), trace.events.size(), name_of(trace.end));
  text += section_table(trace) + "\n";
  const Peak peak = highest(section_peaks(trace));
  if (!trace.events.empty()) {
    text += fmt::format("peak {:.3f} MiB at {}; {:.3f} MiB reserved\n", mib(peak.allocated),
                        describe_event(trace, peak.event), mib(peak.reserved));
  }
  return text + fault_list(replay(trace, [](size_t, size_t, const LiveSet&) {}));
}

std::string peak_text(const RunTrace& trace, bool all_layers) {
  const std::vector<Section> parts = sections(trace);
  const std::vector<Peak> peaks = section_peaks(trace);
  const Peak peak = highest(peaks);
  REVUNET_EXPECTS(peak.allocated > 0, DataError, "[trace] expected allocations, got a trace without any; record a run");
  std::string text = configuration_text(trace.header.settings) + "\n";
  text += fmt::format("peak {:.3f} MiB ({} bytes) at {}\n\n", mib(peak.allocated), peak.allocated,
                      describe_event(trace, peak.event));
  text += fmt::format("{:<64}{:>12}\n", "by tag", "MiB") + tag_table(peak.by_tag);
  text += "by layer\n" + layer_table(by_layer(trace, live_before(trace, peak.event + 1)), all_layers);
  const std::vector<StepTerms> terms = measured_terms(trace);
  size_t highest_step = parts.size();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].kind != Section::Kind::step || !parts[i].complete) continue;
    if (highest_step == parts.size() || peaks[i].allocated > peaks[highest_step].allocated) highest_step = i;
  }
  if (highest_step == parts.size()) return text;  // no step is complete
  return text + "\n" +
         equations_table(trace.header.settings, parts[highest_step].step, terms[highest_step],
                         peaks[highest_step].allocated);
}

}  // namespace revunet
