#include "models/plan/trace/plot.h"

#include <algorithm>

#include "engine/memory/report.h"
#include "io/pictures/axis.h"
#include "io/pictures/drawing.h"
#include "models/plan/trace/summary.h"
#include "models/plan/trace/tag_colours.h"

namespace revunet {

namespace {

// Everything below in points of the picture.
constexpr double kWidth = 1200, kHeight = 560;
constexpr double kLeft = 86, kRight = 946, kTop = 92, kBottom = 500;  // of the axes
constexpr double kStrip = 18;                                         // height of the row of phases above them
constexpr size_t kColumns = 860;                                      // about one a point

io::Colour phase_colour(const std::string& phase) {
  if (phase == "forward") return io::from_hex(0xe3f1e6);
  if (phase == "backward") return io::from_hex(0xfdeedb);
  if (phase == "optimiser") return io::from_hex(0xf6e3ee);
  if (phase == "evaluation") return io::from_hex(0xe2ecf7);
  return io::from_hex(0xeeeeee);
}

// The same, darker: for the row of phases.
io::Colour strip_colour(const std::string& phase) {
  const io::Colour c = phase_colour(phase);
  return {0.88 * c.red, 0.88 * c.green, 0.88 * c.blue};
}

class Figure {
 public:
  Figure(io::Canvas& canvas, const RunTrace& trace, const PlotOptions& options)
      : canvas_(canvas),
        trace_(trace),
        axis_(options.axis),
        timeline_(make_timeline(trace, options.axis, options.step, kColumns)),
        top_mib_(timeline_.peak.allocated ? 1.08 * mib(timeline_.peak.allocated) : 1),
        mib_ticks_(io::ticks_between(0, top_mib_, 8)) {}

  void draw() {
    draw_title();
    draw_phases();
    draw_grid();
    draw_stack();
    draw_steps();
    draw_peak();
    draw_axes();
    draw_legend();
  }

 private:
  double x(double place) const { return kLeft + (kRight - kLeft) * place / timeline_.length; }
  double y(double height_mib) const { return kBottom - (kBottom - kTop) * height_mib / top_mib_; }

  void draw_title() {
    const MemorySettings& s = trace_.header.settings;
    canvas_.text(kLeft, 26,
                 fmt::format("{} U-Net, {} x {} x {} voxels, channels {}", name_of(s.network.kind), s.size[0],
                             s.size[1], s.size[2], fmt::join(s.network.channels, ",")),
                 io::kTitle, io::Align::left);
    const std::string depths = s.network.kind == ModelKind::reversible
                                   ? fmt::format(", depths {} and {}", s.network.encoder_depth, s.network.decoder_depth)
                                   : "";
    canvas_.text(kLeft, 46, fmt::format("{}{}; device {}", describe(s), depths, trace_.header.device), io::kSmall,
                 io::Align::left, io::kPale);
  }

  void draw_phases() {
    for (const TimelineSpan& phase : timeline_.phases) {
      const double left = x(phase.begin), width = x(phase.end) - left;
      canvas_.rectangle(left, kTop - kStrip, width, kStrip, strip_colour(phase.name));
      canvas_.rectangle(left, kTop, width, kBottom - kTop, phase_colour(phase.name), 0.6);
      if (canvas_.width_of(phase.name, io::kSmall) + 6 < width) {
        canvas_.text(left + width / 2, kTop - 5, phase.name, io::kSmall, io::Align::centre);
      }
    }
  }

  void draw_grid() {
    for (const double at : mib_ticks_.values) canvas_.line(kLeft, y(at), kRight, y(at), 0.7, io::kGrid);
  }

  // Each tag's area between what lies below it and that plus its own, a step a column.
  void draw_stack() {
    const auto& columns = timeline_.columns;
    std::vector<double> below(columns.size(), 0.0), above(columns.size());
    for (const TagLayer& layer : kTagLayers) {
      for (size_t i = 0; i < columns.size(); ++i) {
        above[i] = below[i] + mib(columns[i].by_tag[static_cast<size_t>(layer.tag)]);
      }
      if (above != below) fill_between(below, above, io::from_hex(layer.colour));
      below = above;
    }
  }

  void fill_between(const std::vector<double>& below, const std::vector<double>& above, const io::Colour& fill) {
    const auto& columns = timeline_.columns;
    const auto right = [&](size_t i) { return i + 1 < columns.size() ? x(columns[i + 1].x) : kRight; };
    const auto corners = [&](const io::Canvas::Corner& corner) {
      for (size_t i = 0; i < columns.size(); ++i) {
        corner(x(columns[i].x), y(above[i]));
        corner(right(i), y(above[i]));
      }
      for (size_t i = columns.size(); i-- > 0;) {
        corner(right(i), y(below[i]));
        corner(x(columns[i].x), y(below[i]));
      }
    };
    canvas_.polygon(corners, fill);
  }

  void draw_steps() {
    constexpr double kLeast = 4;                  // between lines: where steps are narrower, some have none
    double free_from = kLeft, last_line = kLeft;  // where the next name has room, and the line before
    for (const TimelineSpan& step : timeline_.steps) {
      const double left = x(step.begin), width = x(step.end) - left;
      if (left > last_line + kLeast) {
        canvas_.line(left, kTop - kStrip - 18, left, kBottom, 0.8, io::kInk);
        last_line = left;
      }
      const double needed = canvas_.width_of(step.name, io::kSmall);
      if (needed + 8 > width || left < free_from) continue;
      canvas_.text(left + 5, kTop - kStrip - 6, step.name, io::kSmall, io::Align::left);
      free_from = left + needed + 8;
    }
  }

  void draw_peak() {
    const double at_x = x(timeline_.peak.x), peak = mib(timeline_.peak.allocated), at_y = y(peak);
    canvas_.dashed_line(kLeft, at_y, kRight, at_y, 0.9, io::kInk);
    canvas_.ring(at_x, at_y, 4, 1.6, io::kInk);
    const std::string label = fmt::format("peak {:.1f} MiB", peak);
    const double width = canvas_.width_of(label, io::kNormal);
    const double left = at_x < (kLeft + kRight) / 2 ? at_x + 8 : at_x - 8 - width;
    canvas_.rectangle(left - 3, at_y - 20, width + 6, 17, io::kWhite);
    canvas_.text(left, at_y - 7, label, io::kNormal, io::Align::left);
  }

  void draw_axes() {
    canvas_.line(kLeft, kTop, kLeft, kBottom, 1, io::kInk);
    canvas_.line(kLeft, kBottom, kRight, kBottom, 1, io::kInk);
    for (const double at : mib_ticks_.values) {
      canvas_.line(kLeft - 5, y(at), kLeft, y(at), 1, io::kInk);
      canvas_.text(kLeft - 9, y(at) + 4, io::tick_label(at, mib_ticks_.distance), io::kSmall, io::Align::right);
    }
    const io::Ticks ticks = io::ticks_between(0, timeline_.length, 10);
    for (const double place : ticks.values) {
      canvas_.line(x(place), kBottom, x(place), kBottom + 5, 1, io::kInk);
      canvas_.text(x(place), kBottom + 19, io::tick_label(place, ticks.distance), io::kSmall, io::Align::centre);
    }
    canvas_.text((kLeft + kRight) / 2, kBottom + 42,
                 axis_ == TimelineAxis::time ? "seconds" : "events of the allocator, in order", io::kNormal,
                 io::Align::centre);
    canvas_.text_upwards(22, (kTop + kBottom) / 2, "allocated, MiB", io::kNormal);
  }

  // Tags that occur, as they are stacked, with what each has at the peak.
  void draw_legend() {
    constexpr double left = kRight + 26, value = kWidth - 16, row = 24;
    double baseline = kTop + 4;
    canvas_.text(value, baseline, "MiB at the peak", io::kSmall, io::Align::right, io::kPale);
    baseline += row;
    for (size_t i = kTagLayers.size(); i-- > 0;) {
      const auto tag = static_cast<size_t>(kTagLayers[i].tag);
      if (std::ranges::none_of(timeline_.columns, [&](const auto& c) { return c.by_tag[tag] > 0; })) continue;
      canvas_.rectangle(left, baseline - 11, 14, 14, io::from_hex(kTagLayers[i].colour));
      std::string name = kTagNames[tag];
      std::ranges::replace(name, '_', ' ');
      canvas_.text(left + 22, baseline, name, io::kNormal, io::Align::left);
      canvas_.text(value, baseline, fmt::format("{:.1f}", mib(timeline_.peak.by_tag[tag])), io::kNormal,
                   io::Align::right);
      baseline += row;
    }
    canvas_.line(left, baseline - 15, value, baseline - 15, 0.8, io::kPale);
    canvas_.text(left + 22, baseline + 4, "sum", io::kNormal, io::Align::left);
    canvas_.text(value, baseline + 4, fmt::format("{:.1f}", mib(timeline_.peak.allocated)), io::kNormal,
                 io::Align::right);
    draw_phase_legend(left, baseline + 2 * row);
  }

  void draw_phase_legend(double left, double baseline) {
    canvas_.text(left, baseline, "phases", io::kSmall, io::Align::left, io::kPale);
    for (const char* name : kPhaseNames) {
      if (std::ranges::find(timeline_.phases, name, &TimelineSpan::name) == timeline_.phases.end()) continue;
      baseline += 22;
      canvas_.rectangle(left, baseline - 11, 14, 14, strip_colour(name));
      canvas_.text(left + 22, baseline, name, io::kNormal, io::Align::left);
    }
  }

  io::Canvas& canvas_;
  const RunTrace& trace_;
  TimelineAxis axis_;
  Timeline timeline_;
  double top_mib_;  // of the y axis
  io::Ticks mib_ticks_;
};

}  // namespace

std::string plot_svg(const RunTrace& trace, const PlotOptions& options) {
  return io::svg_of(kWidth, kHeight, [&](io::Canvas& canvas) { Figure(canvas, trace, options).draw(); });
}

std::string plot_png(const RunTrace& trace, const PlotOptions& options) {
  return io::png_of(kWidth, kHeight, [&](io::Canvas& canvas) { Figure(canvas, trace, options).draw(); });
}

}  // namespace revunet
