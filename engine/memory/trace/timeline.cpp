#include "engine/memory/trace/timeline.h"

#include <algorithm>

#include "engine/error.h"

namespace revunet {

namespace {

// The range holds events [begin, end).
struct Range {
  size_t begin, end;
};

Range range_of(const Trace& trace, std::optional<int64_t> step) {
  Range range{0, trace.events.size()};
  if (step) {
    const auto mark = std::ranges::find(trace.steps, *step, &StepMark::step);
    REVUNET_EXPECTS(mark != trace.steps.end(), UsageError, "[`step`] expected a step from 1 to {}, got {}",
                    trace.steps.size(), *step);
    range.begin = mark->first_event;
    if (std::next(mark) != trace.steps.end()) range.end = std::next(mark)->first_event;
  }
  REVUNET_EXPECTS(range.begin < range.end, DataError, "[trace] expected events to draw, got none; record a run");
  return range;
}

// Consecutive events of one name become one span.
void extend(std::vector<TimelineSpan>& spans, const std::string& name, double x) {
  if (!spans.empty() && spans.back().name == name) return;
  if (!spans.empty()) spans.back().end = x;
  spans.push_back({x, x, name});
}

// Of all events that share a slot of the x axis, keeps the highest and the last.
class ColumnList {
 public:
  explicit ColumnList(std::vector<TimelineColumn>& columns) : columns_(columns) {}

  void add(const TimelineColumn& column, size_t slot) {
    if (slot != slot_) {
      begin_ = columns_.size();
      slot_ = slot;
    } else if (column.allocated >= columns_[begin_].allocated) {
      columns_.resize(begin_);
    } else {
      columns_.resize(begin_ + 1);
    }
    columns_.push_back(column);
  }

 private:
  std::vector<TimelineColumn>& columns_;
  size_t begin_ = 0, slot_ = ~size_t{0};
};

}  // namespace

Timeline make_timeline(const Trace& trace, TimelineAxis axis, std::optional<int64_t> step, size_t resolution) {
  const Range range = range_of(trace, step);
  const auto place = [&](size_t i) {
    if (axis == TimelineAxis::events) return static_cast<double>(i - range.begin);
    return static_cast<double>(trace.events[i].nanoseconds - trace.events[range.begin].nanoseconds) * 1e-9;
  };
  Timeline timeline;
  timeline.length = std::max(place(range.end - 1), axis == TimelineAxis::events ? 1.0 : 1e-9);
  const std::vector<Section> parts = sections(trace);
  ColumnList columns(timeline.columns);
  replay(trace, [&](size_t i, size_t section, const LiveSet& live) {
    if (i < range.begin || i >= range.end) return;
    const double x = place(i);
    const bool evaluation = parts[section].kind == Section::Kind::evaluation;
    extend(timeline.steps, evaluation ? "evaluation" : describe(parts[section]), x);
    extend(timeline.phases, name_of(trace.events[i].phase), x);
    const TimelineColumn column{x, live.allocated(), live.by_tag()};
    if (column.allocated > timeline.peak.allocated) timeline.peak = column;
    columns.add(column, static_cast<size_t>(x / timeline.length * static_cast<double>(resolution - 1)));
  });
  timeline.steps.back().end = timeline.phases.back().end = timeline.length;
  return timeline;
}

}  // namespace revunet
