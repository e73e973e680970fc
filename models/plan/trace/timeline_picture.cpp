#include "models/plan/trace/timeline_picture.h"

#include <algorithm>

#include "engine/memory/allocation_table.h"
#include "io/pictures/axes.h"
#include "io/pictures/canvas.h"
#include "models/networks.h"
#include "models/plan/trace/tag_colours.h"
#include "models/plan/trace/trace_tables.h"

namespace revunet {

namespace {

// All numbers below are in points of the picture.
constexpr double kWidth = 1200, kHeight = 560;
constexpr double kLeft = 86, kRight = 946, kTop = 92, kBottom = 500;  // of the axes
constexpr double kStrip = 18;                                         // height of the row of phases above them
constexpr size_t kColumns = 860;                                      // about one per point

io::Colour phase_colour(const std::string& phase) {
  if (phase == "forward") return io::from_hex(0xe3f1e6);
  if (phase == "backward") return io::from_hex(0xfdeedb);
  if (phase == "optimiser") return io::from_hex(0xf6e3ee);
  if (phase == "evaluation") return io::from_hex(0xe2ecf7);
  return io::from_hex(0xeeeeee);
}

// Returns the colour, darker, for the row of phases.
io::Colour strip_colour(const std::string& phase) {
  const io::Colour c = phase_colour(phase);
  return {0.88 * c.red, 0.88 * c.green, 0.88 * c.blue};
}

class TimelinePicture {
 public:
  TimelinePicture(io::Canvas& canvas, const RunTrace& trace, const TimelineChoice& choice)
      : canvas_(canvas),
        surface_(canvas),
        trace_(trace),
        timeline_(make_timeline(trace, choice.axis, choice.step, kColumns)),
        x_{.low = 0, .high = timeline_.length, .at_low = kLeft, .at_high = kRight},
        y_{.low = 0,
           .high = timeline_.peak.allocated ? 1.08 * mib(timeline_.peak.allocated) : 1,
           .at_low = kBottom,
           .at_high = kTop} {
    axes_.values = io::labelled_ticks(y_, 8);
    axes_.below = io::labelled_ticks(x_, 10);
    axes_.unit = "MiB";
    axes_.title_below = choice.axis == TimelineAxis::time ? "seconds" : "events of the allocator, in order";
  }

  void draw() {
    draw_heading();
    draw_phases();
    io::draw_grid(surface_, axes_);
    draw_stack();
    draw_steps();
    draw_peak();
    io::draw_axes(surface_, axes_);
    draw_legend();
  }

 private:
  double x(double place) const { return x_.at(place); }
  double y(double height_mib) const { return y_.at(height_mib); }

  void draw_heading() {
    const MemorySettings& s = trace_.header.settings;
    const std::string depths = network_of(s.network.kind).reversible_blocks
                                   ? fmt::format(", depths {} and {}", s.network.encoder_depth, s.network.decoder_depth)
                                   : "";
    io::draw_heading(surface_, kLeft,
                     fmt::format("{} U-Net, {} x {} x {} voxels, channels {}{}", name_of(s.network.kind), s.size[0],
                                 s.size[1], s.size[2], fmt::join(s.network.channels, ","), describe_halved(s.network)),
                     fmt::format("allocated memory; {}{}; device {}", describe(s), depths, trace_.header.device));
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

  // Fills each tag's area on top of the areas below it, with one step per column.
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
    constexpr double kLeast = 4;                  // between lines: where steps are narrower, some have no line
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
    surface_.line(kLeft, at_y, kRight, at_y, io::ChartSurface::Line::mark);
    canvas_.ring(at_x, at_y, 4, 1.6, io::kInk);
    const std::string label = fmt::format("peak {:.1f} MiB", peak);
    const double width = canvas_.width_of(label, io::kNormal);
    const double left = at_x < (kLeft + kRight) / 2 ? at_x + 8 : at_x - 8 - width;
    canvas_.rectangle(left - 3, at_y - 20, width + 6, 17, io::kWhite);
    surface_.text(left, at_y - 7, label, io::ChartSurface::Text::note);
  }

  // Lists the tags that occur, in the order of the stack, with what each has at the peak.
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
  io::CanvasSurface surface_;
  const RunTrace& trace_;
  Timeline timeline_;
  io::LinearScale x_, y_;  // y in MiB
  io::Axes axes_{.left = kLeft, .right = kRight, .top = kTop, .bottom = kBottom};
};

}  // namespace

std::string timeline_svg(const RunTrace& trace, const TimelineChoice& choice) {
  return io::svg_of(kWidth, kHeight, [&](io::Canvas& canvas) { TimelinePicture(canvas, trace, choice).draw(); });
}

std::string timeline_png(const RunTrace& trace, const TimelineChoice& choice) {
  return io::png_of(kWidth, kHeight, [&](io::Canvas& canvas) { TimelinePicture(canvas, trace, choice).draw(); });
}

}  // namespace revunet
