#include "io/pictures/axes.h"

#include <fmt/format.h>

#include <array>

#include "io/pictures/html.h"

namespace revunet::io {

namespace {

// All lengths are in points.
constexpr double kTickLength = 5, kGapToLabel = 4;
constexpr double kHalfDigit = 4;                       // from the middle of a label's line to its baseline
constexpr double kLabelBelow = 19, kTitleBelow = 42;   // baselines, from the lower axis
constexpr double kUnitAbove = 11, kTitleAbove = 27;    // baselines, from the area's upper edge
constexpr double kLabelRoom = 46;                      // minimum width for the labels of values
constexpr double kHeadingLine = 28, kDetailLine = 48;  // baselines, from the picture's upper edge
constexpr double kBreakSlope = 3, kBreakGap = 6;       // of the two strokes that break an axis

struct LineStyle {
  const char* name;  // of a class
  double width;
  Colour ink;
};
constexpr std::array kLines = {LineStyle{"grid", 0.7, kGrid}, LineStyle{"axis", 1, kInk}, LineStyle{"mark", 0.9, kInk}};

struct TextStyle {
  const char* name;  // of a class
  double size;
  Colour ink;
};
constexpr std::array kTexts = {TextStyle{"heading", kTitle, kInk}, TextStyle{"detail", kSmall, kPale},
                               TextStyle{"title", kNormal, kInk}, TextStyle{"label", kSmall, kInk},
                               TextStyle{"note", kNormal, kInk}};

const LineStyle& style_of(ChartSurface::Line kind) {
  return kLines.at(static_cast<size_t>(kind));
}
const TextStyle& style_of(ChartSurface::Text kind) {
  return kTexts.at(static_cast<size_t>(kind));
}

constexpr std::array kAnchors = {"start", "middle", "end"};  // of Align

}  // namespace

void CanvasSurface::line(double x1, double y1, double x2, double y2, Line kind) {
  const LineStyle& style = style_of(kind);
  if (kind == Line::mark) {
    canvas_.dashed_line(x1, y1, x2, y2, style.width, style.ink);
  } else {
    canvas_.line(x1, y1, x2, y2, style.width, style.ink);
  }
}

void CanvasSurface::text(double x, double baseline, const std::string& words, Text kind, Align align) {
  const TextStyle& style = style_of(kind);
  canvas_.text(x, baseline, words, style.size, align, style.ink);
}

void PageSurface::line(double x1, double y1, double x2, double y2, Line kind) {
  add(fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1, x2, y2,
                  style_of(kind).name));
}

void PageSurface::text(double x, double baseline, const std::string& words, Text kind, Align align) {
  add(fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, baseline,
                  style_of(kind).name, kAnchors.at(static_cast<size_t>(align)), escaped(words)));
}

std::vector<AxisTick> labelled_ticks(const LinearScale& scale, int most) {
  const Ticks ticks = ticks_between(scale.low, scale.high, most);
  std::vector<AxisTick> labelled;
  for (const double value : ticks.values) labelled.push_back({scale.at(value), tick_label(value, ticks.distance)});
  return labelled;
}

void draw_grid(ChartSurface& surface, const Axes& axes) {
  for (const AxisTick& tick : axes.values)
    surface.line(axes.left, tick.at, axes.right, tick.at, ChartSurface::Line::grid);
}

namespace {

void draw_axis_of_values(ChartSurface& surface, const Axes& axes) {
  using enum ChartSurface::Line;
  for (const AxisTick& tick : axes.values) {
    surface.line(axes.left - kTickLength, tick.at, axes.left, tick.at, axis);
    surface.text(axes.left - kTickLength - kGapToLabel, tick.at + kHalfDigit, tick.label, ChartSurface::Text::label,
                 Align::right);
  }
  if (!axes.unit.empty()) {
    surface.text(axes.left - kTickLength - kGapToLabel, axes.top - kUnitAbove, axes.unit, ChartSurface::Text::label,
                 Align::right);
  }
  surface.line(axes.left, axes.broken_at.value_or(axes.top), axes.left, axes.bottom, axis);
  if (!axes.broken_at) return;
  const double middle = (axes.top + *axes.broken_at) / 2;
  for (const double at : {middle - kBreakGap / 2, middle + kBreakGap / 2}) {
    surface.line(axes.left - kTickLength, at + kBreakSlope, axes.left + kTickLength, at - kBreakSlope, axis);
  }
}

void draw_lower_axis(ChartSurface& surface, const Axes& axes) {
  surface.line(axes.left, axes.bottom, axes.right, axes.bottom, ChartSurface::Line::axis);
  for (const AxisTick& tick : axes.below) {
    surface.line(tick.at, axes.bottom, tick.at, axes.bottom + kTickLength, ChartSurface::Line::axis);
    surface.text(tick.at, axes.bottom + kLabelBelow, tick.label, ChartSurface::Text::label, Align::centre);
  }
  if (axes.title_below.empty()) return;
  surface.text(axes.right, baseline_below(axes), axes.title_below, ChartSurface::Text::label, Align::right);
}

}  // namespace

void draw_axes(ChartSurface& surface, const Axes& axes) {
  draw_axis_of_values(surface, axes);
  draw_lower_axis(surface, axes);
  if (axes.title.empty()) return;
  surface.text(left_of_title(axes), axes.top - kTitleAbove - axes.legend_height, axes.title, ChartSurface::Text::title);
}

double baseline_below(const Axes& axes) {
  return axes.bottom + kTitleBelow;
}

double left_of_title(const Axes& axes) {
  return axes.left - kLabelRoom;
}

void draw_heading(ChartSurface& surface, double left, const std::string& heading, const std::string& detail) {
  surface.text(left, kHeadingLine, heading, ChartSurface::Text::heading);
  surface.text(left, kDetailLine, detail, ChartSurface::Text::detail);
}

}  // namespace revunet::io
