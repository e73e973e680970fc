#include "tools/trace/plot.h"

#include <cairo-svg.h>
#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/error.h"
#include "engine/memory/report.h"
#include "tools/trace/summary.h"

#if defined(__SANITIZE_ADDRESS__)
// What fontconfig keeps of fonts is no leak of ours.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfontconfig";
}
#endif

namespace revunet::tools {

namespace {

// Everything below in points of the picture.
constexpr double kWidth = 1200, kHeight = 560;
constexpr double kLeft = 86, kRight = 946, kTop = 92, kBottom = 500;  // of the axes
constexpr double kStrip = 18;                                         // height of the row of phases above them
constexpr double kSmall = 12, kNormal = 13, kTitle = 15;              // sizes of letters
constexpr size_t kColumns = 860;                                      // about one a point

struct Colour {
  double red, green, blue;
};
constexpr Colour from_hex(uint32_t rgb) {
  return {(rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0};
}
constexpr Colour kInk = from_hex(0x222222), kPale = from_hex(0x888888), kGrid = from_hex(0xd8d8d8);

// What stays lies at the bottom of the stack. Colours that the colour-blind can tell apart: Okabe and Ito, Color
// Universal Design (2008), and greys.
struct Layer {
  Tag tag;
  Colour colour;
};
constexpr std::array<Layer, kTagCount> kStack = {{{Tag::parameter, from_hex(0x4d4d4d)},
                                                  {Tag::optimiser, from_hex(0x9a9a9a)},
                                                  {Tag::gradient, from_hex(0xcc79a7)},
                                                  {Tag::input, from_hex(0xf0e442)},
                                                  {Tag::sequence_output, from_hex(0x56b4e9)},
                                                  {Tag::saved_activation, from_hex(0x0072b2)},
                                                  {Tag::forward_scratch, from_hex(0x009e73)},
                                                  {Tag::backward_scratch, from_hex(0xe69f00)},
                                                  {Tag::workspace, from_hex(0xd55e00)},
                                                  {Tag::other, from_hex(0x000000)}}};

Colour phase_colour(const std::string& phase) {
  if (phase == "forward") return from_hex(0xe3f1e6);
  if (phase == "backward") return from_hex(0xfdeedb);
  if (phase == "optimiser") return from_hex(0xf6e3ee);
  if (phase == "evaluation") return from_hex(0xe2ecf7);
  return from_hex(0xeeeeee);
}

// The same, darker: for the row of phases.
Colour strip_colour(const std::string& phase) {
  const Colour c = phase_colour(phase);
  return {0.88 * c.red, 0.88 * c.green, 0.88 * c.blue};
}

// A round number of units between ticks, so that there are at most `most` of them.
double tick_distance(double length, int most) {
  const double power = std::pow(10, std::floor(std::log10(length / most)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (length / (factor * power) <= most) return factor * power;
  }
  return 10 * power;
}

// 12345678 -> "12,345,678"; fractions keep the digits that ticks of this distance need.
std::string tick_label(double value, double distance) {
  if (distance < 1) return fmt::format("{:.{}f}", value, static_cast<int>(std::ceil(-std::log10(distance) - 1e-9)));
  std::string digits = fmt::format("{:.0f}", value);
  for (auto i = static_cast<int64_t>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<size_t>(i), ",");
  return digits;
}

enum class Align { left, centre, right };

class Figure {
 public:
  Figure(cairo_t* cairo, const Trace& trace, const PlotOptions& options)
      : cairo_(cairo),
        trace_(trace),
        axis_(options.axis),
        timeline_(make_timeline(trace, options.axis, options.step, kColumns)),
        top_mib_(1.08 * mib(timeline_.peak.allocated)) {}

  void draw() {
    colour(from_hex(0xffffff));
    cairo_paint(cairo_);
    cairo_select_font_face(cairo_, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
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

  void colour(const Colour& c, double opacity = 1) { cairo_set_source_rgba(cairo_, c.red, c.green, c.blue, opacity); }

  double width_of(const std::string& text, double size) {
    cairo_set_font_size(cairo_, size);
    cairo_text_extents_t extents;
    cairo_text_extents(cairo_, text.c_str(), &extents);
    return extents.x_advance;
  }

  void text(double at_x, double baseline, const std::string& words, double size, Align align,
            const Colour& ink = kInk) {
    const double width = width_of(words, size);
    const double shift = align == Align::left ? 0 : align == Align::centre ? width / 2 : width;
    colour(ink);
    cairo_move_to(cairo_, at_x - shift, baseline);
    cairo_show_text(cairo_, words.c_str());
  }

  void line(double x1, double y1, double x2, double y2, double width, const Colour& ink) {
    colour(ink);
    cairo_set_line_width(cairo_, width);
    cairo_move_to(cairo_, x1, y1);
    cairo_line_to(cairo_, x2, y2);
    cairo_stroke(cairo_);
  }

  void rectangle(double left, double top, double width, double height, const Colour& fill) {
    colour(fill);
    cairo_rectangle(cairo_, left, top, width, height);
    cairo_fill(cairo_);
  }

  void dashes(bool on) {
    const double pattern[] = {4, 3};
    cairo_set_dash(cairo_, pattern, on ? 2 : 0, 0);
  }

  void draw_title() {
    const MemorySettings& s = trace_.header.settings;
    text(kLeft, 26,
         fmt::format("{} U-Net, {} x {} x {} voxels, channels {}", name_of(s.network.kind), s.size[0], s.size[1],
                     s.size[2], fmt::join(s.network.channels, ",")),
         kTitle, Align::left);
    const std::string depths = s.network.kind == ModelKind::reversible
                                   ? fmt::format(", depths {} and {}", s.network.encoder_depth, s.network.decoder_depth)
                                   : "";
    text(kLeft, 46, fmt::format("{}{}; device {}", describe(s), depths, trace_.header.device), kSmall, Align::left,
         kPale);
  }

  void draw_phases() {
    for (const TimelineSpan& phase : timeline_.phases) {
      const double left = x(phase.begin), width = x(phase.end) - left;
      rectangle(left, kTop - kStrip, width, kStrip, strip_colour(phase.name));
      colour(phase_colour(phase.name), 0.6);
      cairo_rectangle(cairo_, left, kTop, width, kBottom - kTop);
      cairo_fill(cairo_);
      if (width_of(phase.name, kSmall) + 6 < width) {
        text(left + width / 2, kTop - 5, phase.name, kSmall, Align::centre);
      }
    }
  }

  void draw_grid() {
    const double distance = tick_distance(top_mib_, 8);
    for (double at = distance; at < top_mib_; at += distance) line(kLeft, y(at), kRight, y(at), 0.7, kGrid);
  }

  // Each tag's area between what lies below it and that plus its own, a step a column.
  void draw_stack() {
    const auto& columns = timeline_.columns;
    std::vector<double> below(columns.size(), 0.0), above(columns.size());
    for (const Layer& layer : kStack) {
      for (size_t i = 0; i < columns.size(); ++i) {
        above[i] = below[i] + mib(columns[i].by_tag[static_cast<size_t>(layer.tag)]);
      }
      if (above != below) fill_between(below, above, layer.colour);
      below = above;
    }
  }

  void fill_between(const std::vector<double>& below, const std::vector<double>& above, const Colour& fill) {
    const auto& columns = timeline_.columns;
    const auto right = [&](size_t i) { return i + 1 < columns.size() ? x(columns[i + 1].x) : kRight; };
    cairo_new_path(cairo_);
    for (size_t i = 0; i < columns.size(); ++i) {
      cairo_line_to(cairo_, x(columns[i].x), y(above[i]));
      cairo_line_to(cairo_, right(i), y(above[i]));
    }
    for (size_t i = columns.size(); i-- > 0;) {
      cairo_line_to(cairo_, right(i), y(below[i]));
      cairo_line_to(cairo_, x(columns[i].x), y(below[i]));
    }
    cairo_close_path(cairo_);
    colour(fill);
    cairo_fill(cairo_);
  }

  void draw_steps() {
    constexpr double kLeast = 4;                  // between lines: where steps are narrower, some have none
    double free_from = kLeft, last_line = kLeft;  // where the next name has room, and the line before
    for (const TimelineSpan& step : timeline_.steps) {
      const double left = x(step.begin), width = x(step.end) - left;
      if (left > last_line + kLeast) {
        line(left, kTop - kStrip - 18, left, kBottom, 0.8, kInk);
        last_line = left;
      }
      const double needed = width_of(step.name, kSmall);
      if (needed + 8 > width || left < free_from) continue;
      text(left + 5, kTop - kStrip - 6, step.name, kSmall, Align::left);
      free_from = left + needed + 8;
    }
  }

  void draw_peak() {
    const double at_x = x(timeline_.peak.x), peak = mib(timeline_.peak.allocated), at_y = y(peak);
    dashes(true);
    line(kLeft, at_y, kRight, at_y, 0.9, kInk);
    dashes(false);
    colour(from_hex(0xffffff));
    cairo_arc(cairo_, at_x, at_y, 4, 0, 2 * M_PI);
    cairo_fill_preserve(cairo_);
    colour(kInk);
    cairo_set_line_width(cairo_, 1.6);
    cairo_stroke(cairo_);
    const std::string label = fmt::format("peak {:.1f} MiB", peak);
    const double width = width_of(label, kNormal);
    const double left = at_x < (kLeft + kRight) / 2 ? at_x + 8 : at_x - 8 - width;
    rectangle(left - 3, at_y - 20, width + 6, 17, from_hex(0xffffff));
    text(left, at_y - 7, label, kNormal, Align::left);
  }

  void draw_axes() {
    line(kLeft, kTop, kLeft, kBottom, 1, kInk);
    line(kLeft, kBottom, kRight, kBottom, 1, kInk);
    const double mib_distance = tick_distance(top_mib_, 8);
    for (double at = 0; at < top_mib_; at += mib_distance) {
      line(kLeft - 5, y(at), kLeft, y(at), 1, kInk);
      text(kLeft - 9, y(at) + 4, tick_label(at, mib_distance), kSmall, Align::right);
    }
    const double distance = tick_distance(timeline_.length, 10);
    for (double place = 0; place <= timeline_.length; place += distance) {
      line(x(place), kBottom, x(place), kBottom + 5, 1, kInk);
      text(x(place), kBottom + 19, tick_label(place, distance), kSmall, Align::centre);
    }
    text((kLeft + kRight) / 2, kBottom + 42,
         axis_ == TimelineAxis::time ? "seconds" : "events of the allocator, in order", kNormal, Align::centre);
    cairo_save(cairo_);
    cairo_translate(cairo_, 22, (kTop + kBottom) / 2);
    cairo_rotate(cairo_, -M_PI / 2);
    text(0, 0, "allocated, MiB", kNormal, Align::centre);
    cairo_restore(cairo_);
  }

  // Tags that occur, as they are stacked, with what each has at the peak.
  void draw_legend() {
    constexpr double left = kRight + 26, value = kWidth - 16, row = 24;
    double baseline = kTop + 4;
    text(value, baseline, "MiB at the peak", kSmall, Align::right, kPale);
    baseline += row;
    for (size_t i = kStack.size(); i-- > 0;) {
      const auto tag = static_cast<size_t>(kStack[i].tag);
      if (std::ranges::none_of(timeline_.columns, [&](const auto& c) { return c.by_tag[tag] > 0; })) continue;
      rectangle(left, baseline - 11, 14, 14, kStack[i].colour);
      std::string name = kTagNames[tag];
      std::ranges::replace(name, '_', ' ');
      text(left + 22, baseline, name, kNormal, Align::left);
      text(value, baseline, fmt::format("{:.1f}", mib(timeline_.peak.by_tag[tag])), kNormal, Align::right);
      baseline += row;
    }
    line(left, baseline - 15, value, baseline - 15, 0.8, kPale);
    text(left + 22, baseline + 4, "sum", kNormal, Align::left);
    text(value, baseline + 4, fmt::format("{:.1f}", mib(timeline_.peak.allocated)), kNormal, Align::right);
    draw_phase_legend(left, baseline + 2 * row);
  }

  void draw_phase_legend(double left, double baseline) {
    text(left, baseline, "phases", kSmall, Align::left, kPale);
    for (const char* name : kPhaseNames) {
      if (std::ranges::find(timeline_.phases, name, &TimelineSpan::name) == timeline_.phases.end()) continue;
      baseline += 22;
      rectangle(left, baseline - 11, 14, 14, strip_colour(name));
      text(left + 22, baseline, name, kNormal, Align::left);
    }
  }

  cairo_t* cairo_;
  const Trace& trace_;
  TimelineAxis axis_;
  Timeline timeline_;
  double top_mib_;  // of the y axis
};

struct CairoDeleter {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
};
using Surface = std::unique_ptr<cairo_surface_t, CairoDeleter>;

void expect_success(cairo_status_t status) {
  REVUNET_EXPECTS(status == CAIRO_STATUS_SUCCESS, Error, "[plot] expected cairo to draw, got: {}",
                  cairo_status_to_string(status));
}

cairo_status_t append(void* text, const unsigned char* bytes, unsigned size) {
  static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes), size);
  return CAIRO_STATUS_SUCCESS;
}

void draw_on(cairo_surface_t* surface, const Trace& trace, const PlotOptions& options) {
  const std::unique_ptr<cairo_t, CairoDeleter> cairo(cairo_create(surface));
  Figure(cairo.get(), trace, options).draw();
  expect_success(cairo_status(cairo.get()));
}

}  // namespace

std::string plot_svg(const Trace& trace, const PlotOptions& options) {
  std::string bytes;
  const Surface surface(cairo_svg_surface_create_for_stream(append, &bytes, kWidth, kHeight));
  draw_on(surface.get(), trace, options);
  cairo_surface_finish(surface.get());
  expect_success(cairo_surface_status(surface.get()));
  return bytes;
}

std::string plot_png(const Trace& trace, const PlotOptions& options) {
  const Surface surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(kWidth), static_cast<int>(kHeight)));
  draw_on(surface.get(), trace, options);
  std::string bytes;
  expect_success(cairo_surface_write_to_png_stream(surface.get(), append, &bytes));
  return bytes;
}

}  // namespace revunet::tools
