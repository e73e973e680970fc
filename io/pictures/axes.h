// This file draws the axes of every chart: their lines, ticks, grid, labels, titles and units, on a canvas or as
// elements of a page.
//
// Rule: only this file says what axes look like. A chart draws its grid, then its content, then its axes, so that no
// content hides them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/pictures/canvas.h"
#include "io/pictures/ticks.h"

namespace revunet::io {

// A ChartSurface is what charts are drawn on. Lengths are points, and y goes down.
class ChartSurface {
 public:
  enum class Line {
    grid,
    axis,
    mark,  // dashed: points at a value
  };
  enum class Text {
    heading,  // of a whole picture
    detail,   // below a heading, or next to its subject
    title,    // of one chart
    label,    // of a tick, a unit, a legend
    note,     // what a reader must not miss
  };

  virtual ~ChartSurface() = default;
  virtual void line(double x1, double y1, double x2, double y2, Line kind) = 0;
  virtual void text(double x, double baseline, const std::string& words, Text kind, Align align = Align::left) = 0;
};

// This is a canvas with the letters, colours and widths of charts.
class CanvasSurface : public ChartSurface {
 public:
  explicit CanvasSurface(Canvas& canvas) : canvas_(canvas) {}
  void line(double x1, double y1, double x2, double y2, Line kind) override;
  void text(double x, double baseline, const std::string& words, Text kind, Align align = Align::left) override;

 private:
  Canvas& canvas_;
};

// This makes SVG elements for a page. Their classes are the names of Line and Text, and the page's style gives them
// letters and colours, so that it can be light or dark.
class PageSurface : public ChartSurface {
 public:
  void line(double x1, double y1, double x2, double y2, Line kind) override;
  void text(double x, double baseline, const std::string& words, Text kind, Align align = Align::left) override;
  // Adds an element that only one kind of chart has.
  void add(const std::string& element) { elements_ += element; }
  const std::string& elements() const { return elements_; }

 private:
  std::string elements_;
};

// A LinearScale says where values lie along an axis, evenly.
struct LinearScale {
  double low = 0, high = 1;          // values
  double at_low = 0, at_high = 100;  // points
  double at(double value) const { return at_low + (at_high - at_low) * (value - low) / (high - low); }
};

struct AxisTick {
  double at;  // points: y for a value, x for a tick below the area
  std::string label;
};
// Returns the ticks of a scale, at most `most` + 1, with their labels.
std::vector<AxisTick> labelled_ticks(const LinearScale& scale, int most);

struct Axes {
  double left, right, top, bottom;    // of the area between the axes
  std::vector<AxisTick> values{};     // on the left, each with a line of the grid
  std::vector<AxisTick> below{};      // along the lower edge
  std::string title{};                // of the chart, above the area
  double legend_height = 0;           // between title and area
  std::string unit{};                 // of the values, above their labels
  std::string title_below{};          // of the lower axis, at its right end
  std::optional<double> broken_at{};  // where the axis of values ends, with a break between it and `top`
};
void draw_grid(ChartSurface& surface, const Axes& axes);
void draw_axes(ChartSurface& surface, const Axes& axes);

// Returns the baseline of a lower axis's title, which has room at the left.
double baseline_below(const Axes& axes);
// Returns where the titles of a chart begin, left of the labels of its values.
double left_of_title(const Axes& axes);

// Draws the heading of a whole picture, at its top, and a line below it.
void draw_heading(ChartSurface& surface, double left, const std::string& heading, const std::string& detail);

}  // namespace revunet::io
