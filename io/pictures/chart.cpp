#include "io/pictures/chart.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "io/pictures/axis.h"
#include "io/pictures/html.h"

namespace revunet::io {

namespace {

// In the SVG's own units, which are about pixels.
constexpr double kWidth = 460, kHeight = 300;
constexpr double kLeft = 58, kRight = 448, kBottom = 254;  // of the axes
constexpr double kNote = kBottom + 37;                     // the line below the axes
constexpr double kTitle = 18;                              // the line of the title
constexpr double kLetter = 8.2;                    // the width of a letter, about, at the size of narrow screens
constexpr int kMostDecades = 8, kMostEpochs = 10;  // ticks
constexpr size_t kMostDots = 80;                   // epochs beyond which lines have no dots

class ChartFigure {
 public:
  explicit ChartFigure(const Chart& chart) : chart_(chart) {
    count_ = chart.epochs.size();
    leave_out_what_cannot_be_drawn();
    find_range();
  }

  std::string svg() {
    text_ = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth, kHeight,
                        escaped(chart_.title));
    add_text(kLeft - 46, kTitle, "title", "start", chart_.title);
    if (!chart_.unit.empty()) add_text(kRight, kTitle, "tick", "end", chart_.unit);
    draw_note();
    draw_legend();
    draw_value_axis();
    draw_epoch_axis();
    if (chart_.kind == Chart::Kind::stacked) {
      draw_stack();
    } else {
      for (const Series& s : series_) draw_line(s);
    }
    draw_mark();
    draw_columns();
    return text_ + "</svg>\n";
  }

 private:
  // A stack's columns are as wide as epochs lie apart; lines go from edge to edge.
  double column_width() const { return (kRight - kLeft) / static_cast<double>(std::max<size_t>(count_, 1)); }
  double x(size_t i) const { return kLeft + (static_cast<double>(i) + 0.5) * column_width(); }
  bool logarithmic() const { return chart_.kind == Chart::Kind::logarithmic; }
  bool stacked() const { return chart_.kind == Chart::Kind::stacked; }
  double scaled(double value) const { return logarithmic() ? std::log10(value) : value; }
  double y(double value) const { return height_of(scaled(value)); }
  double height_of(double on_axis) const { return kBottom - (kBottom - top_) * (on_axis - low_) / (high_ - low_); }

  bool can_be_drawn(double value) const {
    if (!(std::abs(value) <= kLargestDrawn)) return false;  // NaN too
    return logarithmic() ? value > 0 : !stacked() || value >= 0;
  }

  void leave_out_what_cannot_be_drawn() {
    series_ = chart_.series;
    for (Series& s : series_) {
      for (std::optional<double>& value : s.values) {
        if (!value) continue;
        if (can_be_drawn(*value)) {
          ++drawn_;
        } else {
          ++left_out_;
          value.reset();
        }
      }
    }
  }

  void find_range() {
    double least = std::numeric_limits<double>::infinity(), greatest = -least;
    for (size_t i = 0; i < count_; ++i) {
      double sum = 0;
      for (const Series& s : series_) {
        if (!s.values[i]) continue;
        sum += *s.values[i];
        const double reached = scaled(stacked() ? sum : *s.values[i]);
        least = std::min(least, reached);
        greatest = std::max(greatest, reached);
      }
    }
    if (least > greatest) least = 0, greatest = 1;  // nothing to draw
    if (logarithmic()) {
      low_ = std::floor(least - 1e-9), high_ = std::ceil(greatest + 1e-9);
      return;
    }
    constexpr double room = 1.06;  // above the greatest value, and below the least where that is negative
    low_ = least < 0 ? room * least : 0;
    high_ = chart_.greatest.value_or(greatest > 0 ? room * greatest : low_ < 0 ? 0 : 1);
  }

  void add_text(double at_x, double at_y, const char* kind, const char* anchor, const std::string& words) {
    text_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", at_x, at_y,
                         kind, anchor, escaped(words));
  }
  void add_line(double x1, double y1, double x2, double y2, const char* kind) {
    text_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1, x2,
                         y2, kind);
  }

  // What the reader would miss.
  void draw_note() {
    if (left_out_ > 0) {
      const char* reason = logarithmic() ? "not above 0, or too large"
                           : stacked()   ? "negative, too large or not a number"
                                         : "too large, or not a number";
      add_text(kLeft - 46, kNote, "note", "start",
               fmt::format("{} of {} values left out: {}", left_out_, left_out_ + drawn_, reason));
    }
    if (drawn_ == 0)
      add_text((kLeft + kRight) / 2, (kTitle + kBottom) / 2, "note", "middle", "There is no value to draw.");
  }

  // In rows below the title, by estimated widths: a page's letters are its reader's. The axes begin below.
  void draw_legend() {
    constexpr double swatch = 15, between = 10, row = 17, first_row = 40, above_axes = 22;
    double left = kLeft, baseline = first_row;
    if (chart_.series.size() == 1) {  // the title names it
      top_ = first_row;
      return;
    }
    for (const Series& s : chart_.series) {
      const double width = swatch + kLetter * static_cast<double>(s.name.size());
      if (left + width > kRight) left = kLeft, baseline += row;
      text_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"10\" height=\"10\" rx=\"2\" style=\"fill:{}\"/>\n",
                           left, baseline - 9, s.colour);
      add_text(left + swatch, baseline, "tick", "start", s.name);
      left += width + between;
    }
    top_ = baseline + above_axes;
  }

  void draw_value_axis() {
    if (logarithmic()) return draw_decades();
    const Ticks ticks = ticks_between(low_, high_, 6);
    for (const double at : ticks.values) draw_tick(at, tick_label(at, ticks.distance));
  }
  // The powers of ten, or every second or tenth where there are many; between them 2 and 5 where there are few.
  void draw_decades() {
    const double distance = std::max(1.0, tick_distance(high_ - low_, kMostDecades));
    for (double decade = std::ceil(low_ / distance) * distance; decade <= high_; decade += distance) {
      draw_tick(decade, fmt::format("1e{:.0f}", decade));
      if (high_ - low_ > 2.5 || decade > high_ - 0.5) continue;
      for (const double factor : {2.0, 5.0}) {
        draw_tick(decade + std::log10(factor), fmt::format("{:.0f}e{:.0f}", factor, decade));
      }
    }
  }
  void draw_tick(double on_axis, const std::string& label) {
    add_line(kLeft, height_of(on_axis), kRight, height_of(on_axis), "grid");
    add_text(kLeft - 7, height_of(on_axis) + 4, "tick", "end", label);
  }

  void draw_epoch_axis() {
    add_line(kLeft, kBottom, kRight, kBottom, "axis");
    const auto distance = static_cast<int64_t>(
        std::max(1.0, tick_distance(static_cast<double>(std::max<size_t>(count_, 1)), kMostEpochs)));
    double free_from = 0;  // epochs may be missing, and labels then lie closer
    for (size_t i = 0; i < count_; ++i) {
      const std::string label = fmt::format("{}", chart_.epochs[i]);
      const double half = kLetter * static_cast<double>(label.size()) / 2;
      if (chart_.epochs[i] % distance != 0 || x(i) - half < free_from) continue;
      add_line(x(i), kBottom, x(i), kBottom + 4, "axis");
      add_text(x(i), kBottom + 17, "tick", "middle", label);
      free_from = x(i) + half;
    }
    add_text(kRight, kNote, "tick", "end", "epoch");
  }

  void draw_line(const Series& s) {
    std::string points, dots;
    for (size_t i = 0; i < count_; ++i) {
      if (!s.values[i]) continue;
      points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", x(i), y(*s.values[i]));
      if (count_ <= kMostDots)
        dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.4\" style=\"fill:{}\"/>\n", x(i),
                            y(*s.values[i]), s.colour);
    }
    text_ += fmt::format("<polyline class=\"series\" data-name=\"{}\" style=\"stroke:{}\" points=\"{}\"/>\n{}",
                         escaped(s.name), s.colour, points, dots);
  }

  void draw_stack() {
    constexpr double widest = 40, gap = 0.15;  // of columns; between them, a share of their distance
    const double width = std::min(widest, (count_ > 150 ? 1.0 : 1 - gap) * column_width());
    std::vector<double> below(count_, 0.0);
    for (const Series& s : series_) {
      std::string path;
      for (size_t i = 0; i < count_; ++i) {
        const double value = s.values[i].value_or(0);
        path += fmt::format("M{:.2f},{:.2f}v{:.2f}h{:.2f}v{:.2f}z", x(i) - width / 2, y(below[i]),
                            y(below[i] + value) - y(below[i]), width, y(below[i]) - y(below[i] + value));
        below[i] += value;
      }
      text_ += fmt::format("<path class=\"series\" data-name=\"{}\" style=\"fill:{}\" d=\"{}\"/>\n", escaped(s.name),
                           s.colour, path);
    }
  }

  void draw_mark() {
    if (!chart_.marked) return;
    const auto found = std::ranges::find(chart_.epochs, *chart_.marked);
    if (found == chart_.epochs.end()) return;
    const double at = x(static_cast<size_t>(found - chart_.epochs.begin()));
    add_line(at, top_, at, kBottom, "mark");
    const bool on_right = at > (kLeft + kRight) / 2;
    add_text(at, top_ - 5, "note", on_right ? "end" : "start", fmt::format("best: epoch {}", *chart_.marked));
  }

  void draw_columns() {
    for (size_t i = 0; i < count_; ++i) {
      std::string words = fmt::format("epoch {}", chart_.epochs[i]);
      for (const Series& s : chart_.series) {
        if (s.values[i]) words += fmt::format("\n{}: {}", s.name, chart_.value_in_words(*s.values[i]));
      }
      text_ += fmt::format(
          "<rect class=\"column\" x=\"{:.2f}\" y=\"{}\" width=\"{:.2f}\" height=\"{}\"><title>{}</title></rect>\n",
          kLeft + static_cast<double>(i) * column_width(), top_, column_width(), kBottom - top_, escaped(words));
    }
  }

  const Chart& chart_;
  std::vector<Series> series_;  // the chart's, without the values that cannot be drawn
  size_t drawn_ = 0, left_out_ = 0;
  size_t count_ = 0;           // epochs
  double low_ = 0, high_ = 1;  // of the value axis; exponents of ten where it is logarithmic
  double top_ = 0;             // of the axes
  std::string text_;
};

}  // namespace

std::string svg_of_chart(const Chart& chart) {
  return ChartFigure(chart).svg();
}

}  // namespace revunet::io
