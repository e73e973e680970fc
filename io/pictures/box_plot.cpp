#include "io/pictures/box_plot.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "engine/error.h"
#include "io/pictures/axis.h"
#include "io/pictures/drawing.h"
#include "io/pictures/region_colours.h"

namespace revunet::io {
namespace {

// Everything below in points of the picture.
constexpr double kWidth = 1200, kHeader = 66, kFooter = 40;
constexpr double kPanelHeight = 400, kAxisTop = 44, kAxisBottom = 352;  // within a panel
constexpr double kLeft = 16, kLabels = 62, kGap = 14;                   // of panels: next to all, of ticks, between two
constexpr double kBreak = 34;                                           // above the axis, for conventions
constexpr double kPoint = 2.6;

// From values to heights. Where it is broken, conventions lie above the break, at `top`.
struct Axis {
  double low = 0, high = 1;
  double distance = 1;  // of ticks
  double top = 0, bottom = 0;
  bool broken = false;

  double highest() const { return top + (broken ? kBreak : 0); }  // of the part below the break
  double y(double value) const {
    if (value <= high) return bottom - (bottom - highest()) * (value - low) / (high - low);
    return highest() - kBreak * (value - high) / (hd95_of_one_empty_mask - high);
  }
};

constexpr int kMostTicks = 6;

void end_at_round_number(Axis& axis, double greatest) {
  axis.distance = tick_distance(std::max(greatest, 1.0), kMostTicks);
  axis.high = axis.distance * std::max(1.0, std::ceil(greatest / axis.distance));
}

// From 0 to a round number, of what was measured where conventions are well above it. Else there is nothing to leave
// out between the two, and the axis takes in all values unbroken: so too where there are larger ones than conventions.
void scale_to_distances(Axis& axis, const std::vector<double>& values) {
  double measured = 0, greatest = 0;
  for (const double v : values) {
    if (v < hd95_of_one_empty_mask) measured = std::max(measured, v);
    greatest = std::max(greatest, v);
  }
  end_at_round_number(axis, measured);
  const bool conventions = greatest >= hd95_of_one_empty_mask && greatest <= hd95_of_unmatched_lesion;
  axis.broken = conventions && axis.high < hd95_of_one_empty_mask;
  if (!axis.broken) end_at_round_number(axis, greatest);
}

// From the round number below the least to 1.
void scale_to_shares(Axis& axis, const std::vector<double>& values) {
  const double least = *std::min_element(values.begin(), values.end());
  axis.distance = tick_distance(std::max(1 - least, 1e-6), kMostTicks);
  axis.low = 1 - axis.distance * std::max(1.0, std::ceil((1 - least) / axis.distance - 1e-9));
}

Axis make_axis(const Metric& metric, const std::vector<double>& values, double top, double bottom) {
  Axis axis{.top = top, .bottom = bottom};
  if (metric.convention != nullptr) {
    scale_to_distances(axis, values);
  } else {
    scale_to_shares(axis, values);
  }
  return axis;
}

class BoxPlots {
 public:
  BoxPlots(Canvas& canvas, const std::vector<CaseScore>& scores, const ScoreOptions& options)
      : canvas_(canvas), scores_(scores), options_(options) {}

  void draw() {
    const std::vector<Metric>& metrics = metrics_of(options_);
    const size_t columns = columns_of(metrics.size());
    const double width = (kWidth - 2 * kLeft + kGap) / static_cast<double>(columns);
    draw_title();
    for (size_t i = 0; i < metrics.size(); ++i) {
      const double left = kLeft + static_cast<double>(i % columns) * width;
      draw_panel(metrics[i], left + kLabels, kHeader + static_cast<double>(i / columns) * kPanelHeight,
                 width - kLabels - kGap);
    }
    canvas_.text(
        kWidth / 2, height(metrics.size()) - 14,
        "box: quartiles and median; diamond: mean, where it is on the axis; whiskers: to the furthest case within "
        "1.5 box heights; points: cases",
        kSmall, Align::centre, kPale);
  }

  static double height(size_t metrics) {
    const size_t columns = columns_of(metrics);
    return kHeader + kFooter + kPanelHeight * static_cast<double>((metrics + columns - 1) / columns);
  }

 private:
  static size_t columns_of(size_t metrics) { return metrics <= 4 ? metrics : 3; }

  void draw_title() {
    canvas_.text(kLeft + 8, 28, fmt::format("Segmentation scores of {} cases", scores_.size()), kTitle, Align::left);
    std::string detail = fmt::format("WT whole tumour, TC tumour core, ET enhancing tumour; HD95 by the definition {}",
                                     name_of(options_.hd95));
    if (options_.lesions) {
      detail += fmt::format("; lesions: dilation {}, larger than {} mm³", options_.lesions->dilation,
                            options_.lesions->min_volume);
    }
    canvas_.text(kLeft + 8, 48, detail, kSmall, Align::left, kPale);
  }

  void draw_panel(const Metric& metric, double left, double top, double width) {
    std::array<std::vector<double>, region_count> values;
    std::vector<double> all;
    for (size_t region = 0; region < values.size(); ++region) {
      for (const CaseScore& score : scores_) values[region].push_back(metric.value(score.regions[region]));
      all.insert(all.end(), values[region].begin(), values[region].end());
    }
    REVUNET_EXPECTS(std::ranges::all_of(all, [](double v) { return std::abs(v) <= kLargestDrawn; }), Error,
                    "[box plot] expected finite values of {}, got one that is not; leave out --plot", metric.title);
    const Axis axis = make_axis(metric, all, top + kAxisTop, top + kAxisBottom);
    draw_axis(metric, axis, left, width);
    const double slot = width / static_cast<double>(values.size());
    for (size_t region = 0; region < values.size(); ++region) {
      const double centre = left + slot * (static_cast<double>(region) + 0.5);
      draw_box(axis, values[region], centre, 0.5 * slot, from_hex(kRegionColours[region]));
      canvas_.text(centre, axis.bottom + 20, region_names[region], kNormal, Align::centre);
    }
  }

  void draw_axis(const Metric& metric, const Axis& axis, double left, double width) {
    std::string title = metric.title;
    if (metric.convention != nullptr) title.insert(title.size() - 2, "in ");  // "HD95 in mm"
    title[0] = static_cast<char>(std::toupper(title[0]));
    canvas_.text(left + width / 2, axis.top - 22, title, kNormal, Align::centre);
    for (const double value : ticks_between(axis.low, axis.high, kMostTicks).values) {
      draw_tick(axis.y(value), tick_label(value, axis.distance), left, width);
    }
    canvas_.line(left, axis.highest(), left, axis.bottom, 1, kInk);
    canvas_.line(left, axis.bottom, left + width, axis.bottom, 1, kInk);
    if (!axis.broken) return;
    draw_tick(axis.top, fmt::format("{:.0f}", hd95_of_one_empty_mask), left, width);
    canvas_.text(left + width, axis.top - 4, metric.convention, kSmall - 1, Align::right, kPale);
    for (const double middle : {axis.highest() - kBreak / 2 - 3, axis.highest() - kBreak / 2 + 3}) {
      canvas_.line(left - 5, middle + 3, left + 5, middle - 3, 1, kInk);
    }
  }

  void draw_tick(double y, const std::string& label, double left, double width) {
    canvas_.line(left, y, left + width, y, 0.7, kGrid);
    canvas_.line(left - 5, y, left, y, 1, kInk);
    canvas_.text(left - 9, y + 4, label, kSmall, Align::right);
  }

  void draw_box(const Axis& axis, const std::vector<double>& values, double centre, double width, const Colour& ink) {
    const Distribution d = distribution_of(values);
    const double lower = axis.y(d.lower_quartile), upper = axis.y(d.upper_quartile), left = centre - width / 2;
    canvas_.rectangle(left, upper, width, lower - upper, ink, 0.22);
    canvas_.frame(left, upper, width, lower - upper, 1.2, ink);
    const double reach = 1.5 * (d.upper_quartile - d.lower_quartile);
    double low = d.lower_quartile, high = d.upper_quartile;
    for (const double v : values) {
      if (v >= d.lower_quartile - reach) low = std::min(low, v);
      if (v <= d.upper_quartile + reach) high = std::max(high, v);
    }
    for (const auto& [from, to] : {std::pair(lower, axis.y(low)), std::pair(upper, axis.y(high))}) {
      canvas_.line(centre, from, centre, to, 1.2, ink);
      canvas_.line(centre - width / 4, to, centre + width / 4, to, 1.2, ink);
    }
    draw_points(axis, values, centre, width, ink);
    canvas_.line(left, axis.y(d.median), left + width, axis.y(d.median), 2.4, ink);
    if (d.mean <= axis.high) draw_diamond(centre, axis.y(d.mean));  // within the break it would be at no height
  }

  // Spread sideways, the same way each time: multiples of the golden ratio fall far apart.
  void draw_points(const Axis& axis, const std::vector<double>& values, double centre, double width,
                   const Colour& ink) {
    constexpr double golden_ratio = 0.6180339887498949;
    for (size_t i = 0; i < values.size(); ++i) {
      const double at = std::fmod(static_cast<double>(i + 1) * golden_ratio, 1.0) - 0.5;
      canvas_.disc(centre + 0.8 * at * width, axis.y(values[i]), kPoint, ink, 0.7);
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
  const std::vector<CaseScore>& scores_;
  const ScoreOptions& options_;
};

template <class Format>
std::string drawn(const Format& format, const std::vector<CaseScore>& scores, const ScoreOptions& options) {
  return format(kWidth, BoxPlots::height(metrics_of(options).size()),
                [&](Canvas& canvas) { BoxPlots(canvas, scores, options).draw(); });
}

}  // namespace

std::string box_plot_svg(const std::vector<CaseScore>& scores, const ScoreOptions& options) {
  return drawn(svg_of, scores, options);
}

std::string box_plot_png(const std::vector<CaseScore>& scores, const ScoreOptions& options) {
  return drawn(png_of, scores, options);
}

}  // namespace revunet::io
