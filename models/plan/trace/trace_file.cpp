#include "models/plan/trace/trace_file.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>

#include "engine/process/cpu_limits.h"
#include "io/files/input_file.h"
#include "io/files/json_file.h"
#include "io/text/printable.h"
#include "models/plan/settings_json.h"

namespace revunet {

using io::integer_member;
using io::member;
using io::text_member;
using nlohmann::json;

namespace {

constexpr const char* kFormat = "revunet-memory-trace";
constexpr int64_t kVersion = 1;
constexpr std::array kFields = {"kind", "nanoseconds", "address", "size",   "requested",
                                "tag",  "layer",       "phase",   "reused", "split"};
constexpr size_t kWriteBuffer = size_t{1} << 20;  // bytes
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kMostBytes = int64_t{1} << 56;  // an address or size: beyond any machine, far from overflow
constexpr int64_t kMostLayers = 1'000'000;

std::span<const char* const> tags_of(const MemorySettings& settings) {
  return std::span(kTagNames).first(settings.processes > 1 ? kTagCount : kTagsOfOneProcess);
}

std::string header_line(const TraceHeader& h) {
  nlohmann::ordered_json j;
  j["format"] = kFormat;
  j["version"] = kVersion;
  j["program"] = h.program;
  j["date"] = h.date;
  j["device"] = h.device;
  j["threads"] = h.threads;
  j["cpu_instructions"] = name_of(h.cpu_instructions);
  j["settings"] = to_json(h.settings);
  j["event"] = kFields;
  j["kinds"] = kKindNames;
  j["tags"] = tags_of(h.settings);
  j["phases"] = kPhaseNames;
  return j.dump() + "\n";
}

std::string event_line(const TraceEvent& e) {
  return fmt::format("[{},{},{},{},{},{},{},{},{:d},{:d}]\n", static_cast<int>(e.kind), e.nanoseconds, e.address,
                     e.size, e.requested(), static_cast<int>(e.tag), e.layer, static_cast<int>(e.phase), e.reused,
                     e.split);
}

// Older traces do not say what instructions their run used. They are taken for those of this process.
CpuInstructions instructions_of(const json& header) {
  if (!header.contains("cpu_instructions")) return cpu_instructions();
  const std::string name = text_member(header, "cpu_instructions");
  const auto found =
      std::ranges::find(kCpuInstructions, name, [](CpuInstructions set) { return std::string_view(name_of(set)); });
  REVUNET_EXPECTS(found != kCpuInstructions.end(), DataError,
                  "expected avx2, avx512 or amx for cpu_instructions, got '{}'", name);
  return *found;
}

// A Reader reads a trace line by line. Its errors do not name file and line: read_trace adds them.
class Reader {
 public:
  Reader() { trace_.end = TraceEnd::no_end_record; }

  void line(const std::string& text) {
    const json j = io::parse_json(text);
    REVUNET_EXPECTS(!ended_, DataError, "expected nothing after the end record, got '{}'", io::excerpt(text));
    if (!begun_) return header(j);
    if (j.is_array()) return event(j);
    REVUNET_EXPECTS(j.is_object(), DataError, "expected an event or a record, got '{}'", io::excerpt(text));
    if (j.contains("layer")) return layer(j);
    if (j.contains("step")) return step(j);
    REVUNET_EXPECTS(j.contains("end"), DataError, "expected a record of a layer, a step or the end, got '{}'",
                    io::excerpt(text));
    end(j);
  }
  bool begun() const { return begun_; }
  bool ended() const { return ended_; }
  RunTrace take() { return std::move(trace_); }  // complete, or up to the cut

 private:
  void header(const json& j) {
    REVUNET_EXPECTS(j.is_object() && j.contains("format") && j["format"] == kFormat, DataError,
                    "expected the header of a {}, got something else; is this file a trace?", kFormat);
    REVUNET_EXPECTS(member(j, "version") == kVersion, DataError,
                    "expected format version {}, got {}; read it with the version of revunet-trace that belongs to the "
                    "program that wrote it",
                    kVersion, io::excerpt(j["version"]));
    TraceHeader& h = trace_.header;
    h.program = text_member(j, "program");
    h.date = text_member(j, "date");
    h.device = text_member(j, "device");
    h.threads = static_cast<int>(integer_member(j, "threads", 1, kMostCpuThreads));
    h.cpu_instructions = instructions_of(j);
    h.settings = settings_from_json(member(j, "settings"));
    expect_names(j, "event", kFields);
    expect_names(j, "kinds", kKindNames);
    expect_names(j, "tags", tags_of(h.settings));
    expect_names(j, "phases", kPhaseNames);
    begun_ = true;
  }

  template <class Names>
  static void expect_names(const json& j, const std::string& key, const Names& names) {
    REVUNET_EXPECTS(member(j, key) == json(names), DataError,
                    "expected {} for {}, got {}; read it with the version that wrote it", json(names).dump(), key,
                    io::excerpt(j[key]));
  }

  void layer(const json& j) {
    const int64_t index = integer_member(j, "layer", 0, kMostLayers);
    REVUNET_EXPECTS(index == static_cast<int64_t>(trace_.layers.size()), DataError, "expected layer {} next, got {}",
                    trace_.layers.size(), index);
    trace_.layers.push_back(text_member(j, "name"));
  }

  void step(const json& j) {
    const int64_t next = trace_.steps.empty() ? 1 : trace_.steps.back().step + 1;
    const int64_t step = integer_member(j, "step", 1, kMost);
    REVUNET_EXPECTS(step == next, DataError, "expected step {} next, got {}", next, step);
    trace_.steps.push_back({step, time(integer_member(j, "nanoseconds", 0, kMost)), trace_.events.size()});
  }

  // Times never decrease.
  uint64_t time(int64_t nanoseconds) {
    REVUNET_EXPECTS(nanoseconds >= last_time_, DataError, "expected a time of {} ns or later, got {}", last_time_,
                    nanoseconds);
    last_time_ = nanoseconds;
    return static_cast<uint64_t>(nanoseconds);
  }

  void event(const json& j) {
    REVUNET_EXPECTS(j.size() == kFields.size(), DataError, "expected an event of {} numbers, got {}", kFields.size(),
                    j.size());
    const auto field = [&](size_t i, int64_t most) {
      REVUNET_EXPECTS(j[i].is_number_unsigned() && j[i].get<uint64_t>() <= static_cast<uint64_t>(most), DataError,
                      "expected a whole number from 0 to {} for {}, got {}", most, kFields[i], io::excerpt(j[i]));
      return j[i].get<int64_t>();
    };
    const auto kind = static_cast<AllocationEvent::Kind>(field(0, kKindNames.size() - 1));
    const bool block = kind == AllocationEvent::Kind::allocate || kind == AllocationEvent::Kind::free;
    const int64_t size = field(3, kMostBytes);
    const int64_t rounding = size - field(4, size);
    REVUNET_EXPECTS(!block || rounding <= static_cast<int64_t>(kAllocationAlignment), DataError,
                    "expected {} requested bytes rounded up by at most {}, got {}", size - rounding,
                    kAllocationAlignment, size);
    const int64_t known_layers = static_cast<int64_t>(trace_.layers.size());
    const int64_t layer = field(6, kMostLayers);
    REVUNET_EXPECTS(layer < known_layers, DataError, "expected a layer that a record above names, got {} of {}", layer,
                    known_layers);
    trace_.events.push_back({.nanoseconds = time(field(1, kMost)),
                             .address = static_cast<uint64_t>(field(2, kMostBytes)),
                             .size = static_cast<uint64_t>(size),
                             .layer = static_cast<uint32_t>(layer),
                             .rounding = static_cast<uint16_t>(block ? rounding : 0),
                             .kind = kind,
                             .phase = static_cast<Phase>(field(7, kPhaseNames.size() - 1)),
                             .tag = static_cast<Tag>(field(5, kTagNames.size() - 1)),
                             .reused = field(8, 1) == 1,
                             .split = field(9, 1) == 1});
  }

  void end(const json& j) {
    const std::string reason = text_member(j, "end");
    constexpr std::span known(kEndNames.data(), static_cast<size_t>(TraceEnd::no_end_record));
    const auto found = std::ranges::find(known, reason);
    REVUNET_EXPECTS(found != known.end(), DataError, "expected an end of {}, got '{}'", fmt::join(known, ", "), reason);
    trace_.end = static_cast<TraceEnd>(found - known.begin());
    const int64_t events = integer_member(j, "events", 0, kMost), steps = integer_member(j, "steps", 0, kMost);
    REVUNET_EXPECTS(events == static_cast<int64_t>(trace_.events.size()), DataError,
                    "expected the {} events that the end record counts, got {}; lines are missing", events,
                    trace_.events.size());
    REVUNET_EXPECTS(steps == static_cast<int64_t>(trace_.steps.size()), DataError,
                    "expected the {} steps that the end record counts, got {}; lines are missing", steps,
                    trace_.steps.size());
    ended_ = true;
  }

  RunTrace trace_;
  int64_t last_time_ = 0;
  bool begun_ = false, ended_ = false;
};

}  // namespace

void TraceWriter::write_steps(const Trace& trace) {
  for (; steps_ < trace.steps.size() && trace.steps[steps_].first_event <= events_; ++steps_) {
    const StepMark& mark = trace.steps[steps_];
    text_ += fmt::format("{{\"step\":{},\"nanoseconds\":{}}}\n", mark.step, mark.nanoseconds);
  }
}

void TraceWriter::write_layers(const Trace& trace, uint32_t last) {
  for (; layers_ <= last; ++layers_) {
    text_ += fmt::format("{{\"layer\":{},\"name\":{}}}\n", layers_, json(trace.layers[layers_]).dump());
  }
}

void TraceWriter::add(const Trace& trace) {
  if (!begun_) text_ += header_line(header_);
  begun_ = true;
  for (; events_ < trace.events.size(); ++events_) {
    write_steps(trace);
    write_layers(trace, trace.events[events_].layer);
    text_ += event_line(trace.events[events_]);
    if (text_.size() < kWriteBuffer) continue;
    file_.write(text_);
    text_.clear();
  }
  write_steps(trace);
  file_.write(text_);
  text_.clear();
}

void TraceWriter::end(const Trace& trace) {
  add(trace);
  file_.write(fmt::format("{{\"end\":\"{}\",\"steps\":{},\"events\":{}}}\n", name_of(trace.end), trace.steps.size(),
                          trace.events.size()));
}

void write_trace(io::AtomicFile& file, const RunTrace& trace) {
  TraceWriter(file, trace.header).end(trace);
}

RunTrace read_trace(const std::filesystem::path& path) {
  io::LineReader file(path);
  Reader reader;
  int64_t number = 0;
  for (std::string text; file.next(text);) {
    ++number;
    try {
      reader.line(text);
    } catch (const DataError& e) {
      // A line without its line break is where a run was killed or a copy ended, whatever else is wrong with it.
      const bool cut = file.cut() && !reader.ended();
      if (cut && reader.begun()) break;
      const char* remedy = cut ? "; the file is cut short within its header, copy or record it again" : "";
      throw DataError(fmt::format("[{}:{}] {}{}", path.string(), number, e.what(), remedy));
    }
  }
  REVUNET_EXPECTS(reader.begun(), DataError, "[{}] expected the header of a trace, got an empty file", path.string());
  return reader.take();
}

}  // namespace revunet
