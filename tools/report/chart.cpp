#include "tools/report/chart.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tools/common/drawing.h"
#include "tools/report/html.h"

namespace revunet::tools {

namespace {

// Of the SVG's own units, about pixels.
constexpr double kWidth = 560, kHeight = 300;
constexpr double kLeft = 58, kRight = 540, kBottom = 262;  // of the axes
constexpr size_t kMostDots = 80;                           // epochs beyond which lines have no dots

class ChartFigure {
 public:
  explicit ChartFigure(const Chart& chart) : chart_(chart) {
    count_ = chart.epochs.size();
    find_range();
  }

  std::string svg() {
    text_ = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth, kHeight,
                        escaped(chart_.title));
    add_text(kLeft - 46, 17, "title", "start", chart_.title);
    draw_legend();
    draw_value_axis();
    draw_epoch_axis();
    if (chart_.kind == Chart::Kind::stacked) {
      draw_stack();
    } else {
      for (const Series& s : chart_.series) draw_line(s);
    }
    draw_mark();
    draw_columns();
    return text_ + "</svg>\n";
  }

 private:
  // A stack's columns are as wide as epochs lie apart; lines go from edge to edge.
  double column_width() const { return (kRight - kLeft) / static_cast<double>(std::max<size_t>(count_, 1)); }
  double x(size_t i) const { return kLeft + (static_cast<double>(i) + 0.5) * column_width(); }
  double scaled(double value) const { return chart_.kind == Chart::Kind::logarithmic ? std::log10(value) : value; }
  double y(double value) const { return kBottom - (kBottom - top_) * (scaled(value) - low_) / (high_ - low_); }

  void find_range() {
    double least = std::numeric_limits<double>::infinity(), greatest = -least;
    for (size_t i = 0; i < count_; ++i) {
      double sum = 0;
      for (const Series& s : chart_.series) {
        if (!s.values[i]) continue;
        sum += *s.values[i];
        const double reached = chart_.kind == Chart::Kind::stacked ? sum : *s.values[i];
        least = std::min(least, scaled(reached));
        greatest = std::max(greatest, scaled(reached));
      }
    }
    if (least > greatest) least = 0, greatest = 1;  // nothing yet
    if (chart_.kind == Chart::Kind::logarithmic) {
      low_ = std::floor(least - 1e-9), high_ = std::ceil(greatest + 1e-9);
      return;
    }
    high_ = chart_.greatest.value_or(greatest > 0 ? 1.06 * greatest : 1);
  }

  void add_text(double at_x, double at_y, const char* kind, const char* anchor, const std::string& words) {
    text_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", at_x, at_y,
                         kind, anchor, escaped(words));
  }
  void add_line(double x1, double y1, double x2, double y2, const char* kind) {
    text_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1, x2,
                         y2, kind);
  }

  // In rows below the title, by estimated widths: a page's letters are its reader's. The axes begin below.
  void draw_legend() {
    constexpr double letter = 6.2, swatch = 15, between = 14, row = 16, first_row = 36, above_axes = 20;
    double left = kLeft, baseline = first_row;
    if (chart_.series.size() == 1) {  // the title names it
      top_ = first_row;
      return;
    }
    for (const Series& s : chart_.series) {
      const double width = swatch + letter * static_cast<double>(s.name.size());
      if (left + width > kRight) left = kLeft, baseline += row;
      text_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"10\" height=\"10\" rx=\"2\" style=\"fill:{}\"/>\n",
                           left, baseline - 9, s.colour);
      add_text(left + swatch, baseline, "tick", "start", s.name);
      left += width + between;
    }
    top_ = baseline + above_axes;
  }

  void draw_value_axis() {
    if (chart_.kind == Chart::Kind::logarithmic) {
      for (double decade = low_; decade <= high_ + 1e-9; ++decade) {
        draw_tick(std::pow(10, decade), fmt::format("1e{:.0f}", decade));
        for (const double factor : {2.0, 5.0}) {
          if (decade < high_ - 0.5 && high_ - low_ < 2.5) {
            draw_tick(factor * std::pow(10, decade), fmt::format("{:.0f}e{:.0f}", factor, decade));
          }
        }
      }
      return;
    }
    const double distance = tick_distance(high_, 6);
    for (double at = 0; at <= high_ * (1 + 1e-9); at += distance) draw_tick(at, tick_label(at, distance));
  }
  void draw_tick(double value, const std::string& label) {
    add_line(kLeft, y(value), kRight, y(value), "grid");
    add_text(kLeft - 7, y(value) + 4, "tick", "end", label);
  }

  void draw_epoch_axis() {
    add_line(kLeft, kBottom, kRight, kBottom, "axis");
    const auto distance =
        static_cast<int64_t>(std::max(1.0, tick_distance(static_cast<double>(std::max<size_t>(count_, 1)), 10)));
    for (size_t i = 0; i < count_; ++i) {
      if (chart_.epochs[i] % distance != 0) continue;
      add_line(x(i), kBottom, x(i), kBottom + 4, "axis");
      add_text(x(i), kBottom + 17, "tick", "middle", fmt::format("{}", chart_.epochs[i]));
    }
    add_text((kLeft + kRight) / 2, kBottom + 33, "tick", "middle", "epoch");
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
    for (const Series& s : chart_.series) {
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
  size_t count_ = 0;           // epochs
  double low_ = 0, high_ = 1;  // of the value axis; exponents of ten where it is logarithmic
  double top_ = 0;             // of the axes
  std::string text_;
};

}  // namespace

std::string svg_of_chart(const Chart& chart) {
  return ChartFigure(chart).svg();
}

}  // namespace revunet::tools
