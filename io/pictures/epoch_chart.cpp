#include "io/pictures/epoch_chart.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "io/pictures/axes.h"
#include "io/pictures/html.h"

namespace revunet::io {

namespace {

// All numbers are in the SVG's own units, which are about pixels.
constexpr double kChartWidth = 460, kChartHeight = 300;
constexpr double kAxesLeft = 58, kAxesRight = 448, kAxesBottom = 254;  // of the area between the axes
constexpr double kTop = 44;                                            // the same, where there is no legend
constexpr double kLetter = 8.2;  // approximate width of a letter, at the size of narrow screens
constexpr int kMostValues = 6, kMostDecades = 8, kMostEpochs = 10;  // ticks
constexpr size_t kMostDots = 80;                                    // with more epochs than this, lines have no dots

class EpochChartFigure {
 public:
  explicit EpochChartFigure(const EpochChart& chart) : chart_(chart), count_(chart.epochs.size()) {
    leave_out_what_cannot_be_drawn();
    axes_.title = chart.title;
    axes_.unit = chart.unit;
    axes_.title_below = "epoch";
    place_legend();
    find_range();
    if (logarithmic()) {
      add_decades();
    } else {
      axes_.values = labelled_ticks(scale_, kMostValues);
    }
    add_epochs();
  }

  std::string svg() {
    draw_grid(page_, axes_);
    draw_legend();
    draw_note();
    if (stacked()) {
      draw_stack();
    } else {
      for (const Series& s : series_) draw_line(s);
    }
    draw_axes(page_, axes_);
    draw_mark();
    draw_columns();
    return fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n", kChartWidth,
                       kChartHeight, escaped(chart_.title), page_.elements());
  }

 private:
  using Text = ChartSurface::Text;

  // A stack's columns are as wide as epochs lie apart. Lines go from edge to edge.
  double column_width() const { return (kAxesRight - kAxesLeft) / static_cast<double>(std::max<size_t>(count_, 1)); }
  double x(size_t i) const { return kAxesLeft + (static_cast<double>(i) + 0.5) * column_width(); }
  bool logarithmic() const { return chart_.kind == EpochChart::Kind::logarithmic; }
  bool stacked() const { return chart_.kind == EpochChart::Kind::stacked; }
  double scaled(double value) const { return logarithmic() ? std::log10(value) : value; }
  double y(double value) const { return scale_.at(scaled(value)); }

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

  // Where the axis is logarithmic, the scale is of exponents of ten.
  void find_range() {
    scale_.at_low = kAxesBottom, scale_.at_high = axes_.top;
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
      scale_.low = std::floor(least - 1e-9), scale_.high = std::ceil(greatest + 1e-9);
      return;
    }
    constexpr double room = 1.06;  // above the greatest value, and below a least value that is negative
    scale_.low = least < 0 ? room * least : 0;
    scale_.high = chart_.greatest.value_or(greatest > 0 ? room * greatest : scale_.low < 0 ? 0 : 1);
  }

  // Adds the powers of ten, or every second or tenth where there are many. Where there are few, adds 2 and 5 between
  // them.
  void add_decades() {
    const double distance = std::max(1.0, tick_distance(scale_.high - scale_.low, kMostDecades));
    for (double decade = std::ceil(scale_.low / distance) * distance; decade <= scale_.high; decade += distance) {
      axes_.values.push_back({scale_.at(decade), fmt::format("1e{:.0f}", decade)});
      if (scale_.high - scale_.low > 2.5 || decade > scale_.high - 0.5) continue;
      for (const double factor : {2.0, 5.0}) {
        axes_.values.push_back({scale_.at(decade + std::log10(factor)), fmt::format("{:.0f}e{:.0f}", factor, decade)});
      }
    }
  }

  void add_epochs() {
    const auto distance = static_cast<int64_t>(
        std::max(1.0, tick_distance(static_cast<double>(std::max<size_t>(count_, 1)), kMostEpochs)));
    double free_from = 0;  // epochs may be missing, which brings labels closer together
    for (size_t i = 0; i < count_; ++i) {
      const std::string label = fmt::format("{}", chart_.epochs[i]);
      const double half = kLetter * static_cast<double>(label.size()) / 2;
      if (chart_.epochs[i] % distance != 0 || x(i) - half < free_from) continue;
      axes_.below.push_back({x(i), label});
      free_from = x(i) + half;
    }
  }

  // Places the legend in rows between title and axes, by estimated widths, because the reader's browser chooses the
  // letters.
  void place_legend() {
    constexpr double between = 10, row = 17, above_axes = 22;
    if (chart_.series.size() == 1) return;  // the title names it
    double left = kAxesLeft, baseline = kTop;
    for (const Series& s : chart_.series) {
      const double width = kSwatch + kLetter * static_cast<double>(s.name.size());
      if (left + width > kAxesRight) left = kAxesLeft, baseline += row;
      legend_.push_back({left, baseline});
      left += width + between;
    }
    axes_.legend_height = baseline + above_axes - kTop;
    axes_.top = kTop + axes_.legend_height;
  }

  void draw_legend() {
    for (size_t i = 0; i < legend_.size(); ++i) {
      page_.add(fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"10\" height=\"10\" rx=\"2\" style=\"fill:{}\"/>\n",
                            legend_[i].left, legend_[i].baseline - 9, chart_.series[i].colour));
      page_.text(legend_[i].left + kSwatch, legend_[i].baseline, chart_.series[i].name, Text::label);
    }
  }

  // Says what the chart leaves out.
  void draw_note() {
    if (left_out_ > 0) {
      const char* reason = logarithmic() ? "not above 0, or too large"
                           : stacked()   ? "negative, too large or not a number"
                                         : "too large, or not a number";
      page_.text(left_of_title(axes_), baseline_below(axes_),
                 fmt::format("{} of {} values left out: {}", left_out_, left_out_ + drawn_, reason), Text::note);
    }
    if (drawn_ == 0) {
      page_.text((kAxesLeft + kAxesRight) / 2, (axes_.top + kAxesBottom) / 2, "There is no value to draw.", Text::note,
                 Align::centre);
    }
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
    page_.add(fmt::format("<polyline class=\"series\" data-name=\"{}\" style=\"stroke:{}\" points=\"{}\"/>\n{}",
                          escaped(s.name), s.colour, points, dots));
  }

  void draw_stack() {
    constexpr double widest = 40, gap = 0.15;  // the widest column; the gap as a share of the distance between columns
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
      page_.add(fmt::format("<path class=\"series\" data-name=\"{}\" style=\"fill:{}\" d=\"{}\"/>\n", escaped(s.name),
                            s.colour, path));
    }
  }

  void draw_mark() {
    if (!chart_.marked) return;
    const auto found = std::ranges::find(chart_.epochs, *chart_.marked);
    if (found == chart_.epochs.end()) return;
    const double at = x(static_cast<size_t>(found - chart_.epochs.begin()));
    page_.line(at, axes_.top, at, kAxesBottom, ChartSurface::Line::mark);
    page_.text(at, axes_.top - 5, fmt::format("best: epoch {}", *chart_.marked), Text::note,
               at > (kAxesLeft + kAxesRight) / 2 ? Align::right : Align::left);
  }

  void draw_columns() {
    for (size_t i = 0; i < count_; ++i) {
      std::string words = fmt::format("epoch {}", chart_.epochs[i]);
      for (const Series& s : chart_.series) {
        if (s.values[i]) words += fmt::format("\n{}: {}", s.name, chart_.value_in_words(*s.values[i]));
      }
      page_.add(fmt::format(
          "<rect class=\"column\" x=\"{:.2f}\" y=\"{}\" width=\"{:.2f}\" height=\"{}\"><title>{}</title></rect>\n",
          kAxesLeft + static_cast<double>(i) * column_width(), axes_.top, column_width(), kAxesBottom - axes_.top,
          escaped(words)));
    }
  }

  static constexpr double kSwatch = 15;  // a legend's swatch, with the gap after it
  struct LegendPlace {
    double left, baseline;
  };

  const EpochChart& chart_;
  std::vector<Series> series_;  // the chart's, without the values that cannot be drawn
  size_t drawn_ = 0, left_out_ = 0;
  size_t count_;                     // epochs
  std::vector<LegendPlace> legend_;  // for each series; empty: no legend
  Axes axes_{.left = kAxesLeft, .right = kAxesRight, .top = kTop, .bottom = kAxesBottom};
  LinearScale scale_;
  PageSurface page_;
};

}  // namespace

std::string svg_of_chart(const EpochChart& chart) {
  return EpochChartFigure(chart).svg();
}

}  // namespace revunet::io
