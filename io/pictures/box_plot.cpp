#include "io/pictures/box_plot.h"

#include <cairo.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "engine/error.h"
#include "io/pictures/axes.h"

namespace revunet::io {
namespace {

// All numbers below are in points of the picture.
constexpr double kPageWidth = 1200, kHeader = 66, kFooter = 40;
constexpr double kPanelHeight = 400, kAxisTop = 44, kAxisBottom = 352;  // within a panel
constexpr double kPageMargin = 16, kLabels = 62, kPanelGap = 14;        // margin, tick labels, gap between panels
constexpr double kBreak = 34;                                           // above the axis, for conventions
constexpr double kPoint = 2.6;
constexpr double kCaptionAbove = 18, kCaptionLine = 16;  // first line's baseline, from kHeader; distance of lines
constexpr double kNameGap = 4, kUprightName = 16;        // between names of boxes; the width of one that is upright
constexpr double kUprightBelow = 9, kHalfUpright = 4;    // from the lower axis; from a name's middle to its baseline

// A ValueScale maps values to heights. Where it is broken, conventions lie above the break, at `top`.
struct ValueScale {
  LinearScale below;  // up to the break, or over all values
  double top = 0;
  std::optional<Conventions> above{};  // values above the break; none: the axis has no break

  double y(double value) const {
    if (!above || value <= below.high) return below.at(value);
    return below.at_high - kBreak * (value - below.high) / (above->least - below.high);
  }
};

constexpr int kMostTicks = 6;

double round_number_above(double greatest) {
  const double distance = tick_distance(std::max(greatest, 1.0), kMostTicks);
  return distance * std::max(1.0, std::ceil(greatest / distance));
}

// The scale goes from the round number below the least value to 1.
ValueScale scale_of_shares(const std::vector<double>& values, double top, double bottom) {
  const double least = *std::min_element(values.begin(), values.end());
  const double distance = tick_distance(std::max(1 - least, 1e-6), kMostTicks);
  const double low = 1 - distance * std::max(1.0, std::ceil((1 - least) / distance - 1e-9));
  return {.below = {.low = low, .high = 1, .at_low = bottom, .at_high = top}, .top = top};
}

// The scale goes from 0 to a round number. Where conventions are well above all measured values, it covers the measured
// ones only. Otherwise there is nothing to leave out between the two, and the axis covers all values unbroken. It does
// so too where values are larger than conventions.
ValueScale scale_to_round_number(const std::vector<double>& values, const std::optional<Conventions>& conventions,
                                 double top, double bottom) {
  const double greatest = *std::max_element(values.begin(), values.end());
  ValueScale scale{.below = {.low = 0, .high = round_number_above(greatest), .at_low = bottom, .at_high = top},
                   .top = top};
  if (!conventions || greatest < conventions->least || greatest > conventions->greatest) return scale;
  double measured = 0;
  for (const double v : values) {
    if (v < conventions->least) measured = std::max(measured, v);
  }
  if (round_number_above(measured) >= conventions->least) return scale;
  scale.below.high = round_number_above(measured);
  scale.below.at_high = top + kBreak;
  scale.above = conventions;
  return scale;
}

Axes axes_of(const BoxPanel& panel, const ValueScale& scale, double left, double right) {
  Axes axes{.left = left, .right = right, .top = scale.top, .bottom = scale.below.at_low};
  axes.title = panel.title;
  axes.unit = panel.unit;
  axes.values = labelled_ticks(scale.below, kMostTicks);
  if (scale.above) {
    axes.values.push_back({scale.y(scale.above->least), fmt::format("{:.0f}", scale.above->least)});
    axes.broken_at = scale.below.at_high;
  }
  const double slot = (right - left) / static_cast<double>(panel.boxes.size());
  for (const BoxOfValues& box : panel.boxes) {
    axes.below.push_back({left + slot * (static_cast<double>(axes.below.size()) + 0.5), box.name});
  }
  return axes;
}

// A PageLayout gives names and caption the room that they need. Level names may need fewer panels next to each other,
// and names that are longer than that are upright.
struct PageLayout {
  size_t panels = 0, columns = 1;
  double upright = 0;                  // height of upright names; 0: names are level
  std::vector<std::string> caption{};  // its lines

  double header() const { return kHeader + kCaptionLine * static_cast<double>(caption.size() - 1); }
  double panel_height() const { return kPanelHeight + upright; }
  double column_width() const { return (kPageWidth - 2 * kPageMargin + kPanelGap) / static_cast<double>(columns); }
  double panel_width() const { return column_width() - kLabels - kPanelGap; }
  double height() const {
    return header() + kFooter + panel_height() * static_cast<double>((panels + columns - 1) / columns);
  }
};

std::vector<std::string> lines_of(Canvas& canvas, const std::string& text, double width) {
  std::vector<std::string> lines(1);
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::string longer = lines.back().empty() ? word : lines.back() + " " + word;
    if (lines.back().empty() || canvas.width_of(longer, kSmall) <= width) {
      lines.back() = longer;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

PageLayout layout_of(Canvas& canvas, const BoxPlots& plots) {
  PageLayout layout{.panels = plots.panels.size(),
                    .caption = lines_of(canvas, plots.detail, kPageWidth - 2 * (kPageMargin + 8))};
  double widest = 0;
  size_t boxes = 1;
  for (const BoxPanel& panel : plots.panels) {
    boxes = std::max(boxes, panel.boxes.size());
    for (const BoxOfValues& box : panel.boxes) widest = std::max(widest, canvas.width_of(box.name, kSmall));
  }
  const size_t most = layout.panels <= 4 ? layout.panels : 3;
  const auto fits = [&](double name) { return layout.panel_width() >= name * static_cast<double>(boxes); };
  for (layout.columns = most; layout.columns > 0; --layout.columns) {
    if (fits(widest + kNameGap)) return layout;
  }
  layout.upright = widest;
  for (layout.columns = most; layout.columns > 1 && !fits(kUprightName);) --layout.columns;
  return layout;
}

class BoxPlotPicture {
 public:
  BoxPlotPicture(Canvas& canvas, const BoxPlots& plots, const PageLayout& layout)
      : canvas_(canvas), surface_(canvas), plots_(plots), layout_(layout) {}

  void draw() {
    constexpr double left_of_heading = kPageMargin + 8;
    draw_heading(surface_, left_of_heading, plots_.heading, layout_.caption.front());
    for (size_t i = 1; i < layout_.caption.size(); ++i) {
      surface_.text(left_of_heading, kHeader - kCaptionAbove + kCaptionLine * static_cast<double>(i),
                    layout_.caption[i], ChartSurface::Text::detail);
    }
    for (size_t i = 0; i < plots_.panels.size(); ++i) {
      const double left = kPageMargin + static_cast<double>(i % layout_.columns) * layout_.column_width();
      draw_panel(plots_.panels[i], left + kLabels,
                 layout_.header() + static_cast<double>(i / layout_.columns) * layout_.panel_height(),
                 layout_.panel_width());
    }
    surface_.text(
        kPageWidth / 2, layout_.height() - 14,
        "box: quartiles and median; diamond: mean, where it is on the axis; whiskers: to the furthest case within "
        "1.5 box heights; points: cases",
        ChartSurface::Text::detail, Align::centre);
  }

 private:
  void draw_panel(const BoxPanel& panel, double left, double top, double width) {
    std::vector<double> all;
    for (const BoxOfValues& box : panel.boxes) all.insert(all.end(), box.values.begin(), box.values.end());
    REVUNET_EXPECTS(std::ranges::all_of(all, [](double v) { return std::abs(v) <= kLargestDrawn; }), Error,
                    "[box plot] expected finite values of {}, got one that is not; leave the plot out", panel.title);
    if (all.empty()) all.push_back(panel.unit.empty() ? 1 : 0);  // the axis of a panel without values
    const ValueScale scale = panel.unit.empty()
                                 ? scale_of_shares(all, top + kAxisTop, top + kAxisBottom)
                                 : scale_to_round_number(all, panel.conventions, top + kAxisTop, top + kAxisBottom);
    Axes axes = axes_of(panel, scale, left, left + width);
    if (layout_.upright > 0) draw_upright_names(axes);
    draw_grid(surface_, axes);
    const double slot = width / static_cast<double>(panel.boxes.size());
    for (size_t i = 0; i < panel.boxes.size(); ++i) {
      if (!panel.boxes[i].values.empty()) draw_box(scale, panel.boxes[i], axes.below[i].at, 0.5 * slot);
    }
    draw_axes(surface_, axes);
    if (scale.above) {
      surface_.text(axes.right, axes.top - 4, scale.above->meaning, ChartSurface::Text::detail, Align::right);
    }
  }

  // The names end at the axis. Its ticks keep none.
  void draw_upright_names(Axes& axes) {
    for (AxisTick& tick : axes.below) {
      cairo_save(canvas_.cairo());
      cairo_translate(canvas_.cairo(), tick.at, axes.bottom + kUprightBelow);
      cairo_rotate(canvas_.cairo(), -M_PI / 2);
      surface_.text(0, kHalfUpright, std::exchange(tick.label, {}), ChartSurface::Text::label, Align::right);
      cairo_restore(canvas_.cairo());
    }
  }

  void draw_box(const ValueScale& scale, const BoxOfValues& box, double centre, double width) {
    const double lower = scale.y(box.lower_quartile), upper = scale.y(box.upper_quartile), left = centre - width / 2;
    canvas_.rectangle(left, upper, width, lower - upper, box.colour, 0.22);
    canvas_.frame(left, upper, width, lower - upper, 1.2, box.colour);
    const double reach = 1.5 * (box.upper_quartile - box.lower_quartile);
    double low = box.lower_quartile, high = box.upper_quartile;
    for (const double v : box.values) {
      if (v >= box.lower_quartile - reach) low = std::min(low, v);
      if (v <= box.upper_quartile + reach) high = std::max(high, v);
    }
    for (const auto& [from, to] : {std::pair(lower, scale.y(low)), std::pair(upper, scale.y(high))}) {
      canvas_.line(centre, from, centre, to, 1.2, box.colour);
      canvas_.line(centre - width / 4, to, centre + width / 4, to, 1.2, box.colour);
    }
    draw_points(scale, box, centre, width);
    canvas_.line(left, scale.y(box.median), left + width, scale.y(box.median), 2.4, box.colour);
    if (box.mean <= scale.below.high) draw_diamond(centre, scale.y(box.mean));  // within the break it has no height
  }

  // Spreads points sideways, the same way each time: multiples of the golden ratio fall far apart.
  void draw_points(const ValueScale& scale, const BoxOfValues& box, double centre, double width) {
    constexpr double golden_ratio = 0.6180339887498949;
    for (size_t i = 0; i < box.values.size(); ++i) {
      const double at = std::fmod(static_cast<double>(i + 1) * golden_ratio, 1.0) - 0.5;
      canvas_.disc(centre + 0.8 * at * width, scale.y(box.values[i]), kPoint, box.colour, 0.7);
    }
  }

  void draw_diamond(double x, double y) {
    for (const auto& [radius, fill] : {std::pair(6.0, kInk), std::pair(4.2, kWhite)}) {
      canvas_.polygon(
          [&, r = radius](const Canvas::Corner& corner) {
            corner(x, y - r);
            corner(x + r, y);
            corner(x, y + r);
            corner(x - r, y);
          },
          fill);
    }
  }

  Canvas& canvas_;
  CanvasSurface surface_;
  const BoxPlots& plots_;
  const PageLayout& layout_;
};

template <class Format>
std::string drawn(const Format& format, const BoxPlots& plots) {
  PageLayout layout;
  svg_of(1, 1, [&](Canvas& canvas) { layout = layout_of(canvas, plots); });  // only a canvas can measure letters
  return format(kPageWidth, layout.height(), [&](Canvas& canvas) { BoxPlotPicture(canvas, plots, layout).draw(); });
}

}  // namespace

std::string box_plot_svg(const BoxPlots& plots) {
  return drawn(svg_of, plots);
}

std::string box_plot_png(const BoxPlots& plots) {
  return drawn(png_of, plots);
}

}  // namespace revunet::io
