#include "io/pictures/overlay.h"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "io/pictures/canvas.h"
#include "io/pictures/contour.h"
#include "io/pictures/planes.h"
#include "io/pictures/region_colours.h"

namespace revunet::io {

namespace {

constexpr double kMostHeight = 24000;                           // pixels of all rows: cairo draws up to 32767
constexpr int64_t kMargin = 3;                                  // voxels around the brain
constexpr double kEdge = 14, kSliceGap = 8, kTitleHeight = 52;  // pixels: margin, between panels, above the rows
constexpr double kCaption = 20, kLegend = 30;                   // above each row, below the last
constexpr double kLargeLetters = 14, kLetters = 12, kSmallLetters = 10.5;  // letters
constexpr double kLine = 1.1, kHalo = 2.4, kHaloOpacity = 0.45;            // of contours; halo that sets them off
constexpr std::array<double, 2> kDashes = {4, 3};                          // of the reference's contours
constexpr double kOpacity = 0.28;                                          // of fills
constexpr double kMostOfScaleBar = 0.2;                                    // of the width
constexpr double kSwatch = 10, kLegendOpacity = 0.5;                       // next to captions, and in the legend
constexpr Colour kBackground = from_hex(0x000000), kText = from_hex(0xe8e8e8), kFaint = from_hex(0x9aa0a6),
                 kReference = from_hex(0xffe94d);

struct Window {
  float black, white;
};
Window window_of(const VolumeView<float>& image, const VoxelBox& box) {
  std::vector<float> values;
  for (int64_t x = box.low[0]; x < box.high[0]; ++x)
    for (int64_t y = box.low[1]; y < box.high[1]; ++y)
      for (int64_t z = box.low[2]; z < box.high[2]; ++z) {
        if (const float v = image.at({x, y, z}); v != 0) values.push_back(v);
      }
  if (values.empty()) return {0, 1};
  const auto quantile = [&](double q) {
    const auto at = values.begin() + static_cast<int64_t>(q * static_cast<double>(values.size() - 1));
    std::ranges::nth_element(values, at);
    return *at;
  };
  const float black = quantile(0.01), white = quantile(0.995);
  return {black, white > black ? white : black + 1};
}

// A Row says what a row of panels shows.
struct Row {
  std::string caption;
  const VolumeView<float>* image;
  Window window;
  std::optional<size_t> region;  // none: the image alone
};

struct SurfaceDeleter {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};

class OverlayFigure {
 public:
  OverlayFigure(const OverlayCase& c, int width, bool plain)
      : case_(c), width_(width), box_(nonzero_box(c.images[c.task->regions()[0].shown_on], kMargin)) {
    const bool by_reference = c.reference && has_region(*c.task, *c.reference);
    centre_ = largest_region_slices(*c.task, by_reference ? *c.reference : c.prediction, box_);
    const PatientAxes axes = patient_axes(c.grid);
    double width_mm = 0;
    for (const Plane plane : kPlanes) {
      slices_.push_back(slice_of(plane, axes, box_, centre_, c.grid.spacing));
      width_mm += slices_.back().width_mm();
      row_height_ = std::max(row_height_, slices_.back().height_mm());
    }
    add_rows(plain);
    const double most = kMostHeight / static_cast<double>(rows_.size());  // pixels per row
    scale_ = std::min((width - 2 * kEdge - 2 * kSliceGap) / width_mm, most / row_height_);
    row_height_ *= scale_;
  }

  int height() const {
    return static_cast<int>(
        std::ceil(kTitleHeight + static_cast<double>(rows_.size()) * (kCaption + row_height_) + kLegend));
  }

  void draw(Canvas& canvas) const {
    canvas.rectangle(0, 0, width_, height(), kBackground);
    canvas.text(kEdge, 23, case_.title, kLargeLetters, Align::left, kText);
    double left = kEdge;
    for (size_t i = 0; i < slices_.size(); ++i) {
      const size_t axis = slices_[i].voxel_axis;
      canvas.text(left, 43, fmt::format("{}, {}", kPlaneNames[i], case_.numbers.of_slice(axis, centre_[axis])),
                  kSmallLetters, Align::left, kFaint);
      left += slices_[i].width_mm() * scale_ + kSliceGap;
    }
    double top = kTitleHeight;
    for (const Row& row : rows_) {
      draw_row(canvas, row, top);
      top += kCaption + row_height_;
    }
    draw_legend(canvas, top + 19);
  }

 private:
  static bool has_region(const Task& task, const VolumeView<uint8_t>& labels) {
    for (int64_t x = 0; x < labels.size[0]; ++x)
      for (int64_t y = 0; y < labels.size[1]; ++y)
        for (int64_t z = 0; z < labels.size[2]; ++z) {
          if (task.regions_of(labels.at({x, y, z})).any()) return true;
        }
    return false;
  }

  void add_rows(bool plain) {
    const Task& task = *case_.task;
    std::map<size_t, Window> windows;  // of modalities that have a row
    for (size_t r = 0; r < task.regions().size(); ++r) {
      const Task::Region& region = task.regions()[r];
      const VolumeView<float>& image = case_.images[region.shown_on];
      const std::string& modality = task.modalities()[region.shown_on];
      const auto [window, is_first] = windows.try_emplace(region.shown_on, Window{});
      if (is_first) window->second = window_of(image, box_);
      if (is_first && plain) rows_.push_back({modality, &image, window->second, {}});
      const std::string meaning = region.meaning.empty() ? "" : " " + region.meaning;
      rows_.push_back({fmt::format("{}{}, on {}", region.name, meaning, modality), &image, window->second, r});
    }
  }

  void draw_row(Canvas& canvas, const Row& row, double top) const {
    if (row.region) canvas.rectangle(kEdge, top + 4, kSwatch, kSwatch, colour_of(*row.region));
    canvas.text(row.region ? kEdge + kSwatch + 5 : kEdge, top + 13, row.caption, kLetters, Align::left, kText);
    double left = kEdge;
    for (size_t i = 0; i < slices_.size(); ++i) {
      const Slice& slice = slices_[i];
      const double height = slice.height_mm() * scale_, panel_top = top + kCaption + (row_height_ - height) / 2;
      cairo_save(canvas.cairo());
      cairo_translate(canvas.cairo(), left, panel_top);
      cairo_scale(canvas.cairo(), slice.pixel_width * scale_, slice.pixel_height * scale_);
      draw_image(canvas, row, slice);
      if (row.region) draw_region(canvas, *row.region, slice);
      cairo_restore(canvas.cairo());
      const double right = left + slice.width_mm() * scale_;
      canvas.text(left + 2, panel_top + 12, case_.grid.oriented ? slice.left_mark : "?", kSmallLetters, Align::left,
                  kFaint);
      canvas.text(right - 2, panel_top + 12, case_.grid.oriented ? slice.right_mark : "?", kSmallLetters, Align::right,
                  kFaint);
      left = right + kSliceGap;
    }
  }

  static void draw_image(Canvas& canvas, const Row& row, const Slice& slice) {
    const std::vector<float> values = pixels_of(*row.image, slice);
    const std::unique_ptr<cairo_surface_t, SurfaceDeleter> surface(
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(slice.width), static_cast<int>(slice.height)));
    unsigned char* bytes = cairo_image_surface_get_data(surface.get());
    const int64_t stride = cairo_image_surface_get_stride(surface.get());
    for (int64_t y = 0; bytes && y < slice.height; ++y) {
      for (int64_t x = 0; x < slice.width; ++x) {
        const float v = values[static_cast<size_t>(y * slice.width + x)];
        const float grey = v == 0 ? 0 : (v - row.window.black) / (row.window.white - row.window.black);
        const auto level = static_cast<unsigned char>(std::lround(255 * std::clamp(grey, 0.0f, 1.0f)));
        std::fill_n(bytes + y * stride + 4 * x, 4, level);
      }
    }
    cairo_surface_mark_dirty(surface.get());
    cairo_set_source_surface(canvas.cairo(), surface.get(), 0, 0);
    cairo_pattern_set_filter(cairo_get_source(canvas.cairo()), CAIRO_FILTER_BILINEAR);
    cairo_pattern_set_extend(cairo_get_source(canvas.cairo()), CAIRO_EXTEND_PAD);
    cairo_rectangle(canvas.cairo(), 0, 0, static_cast<double>(slice.width), static_cast<double>(slice.height));
    cairo_fill(canvas.cairo());
  }

  static Colour colour_of(size_t region) {
    return from_hex(kRegionColoursOnBlack[region % kRegionColoursOnBlack.size()]);
  }

  std::vector<uint8_t> mask_of(const VolumeView<uint8_t>& labels, const Slice& slice, size_t region) const {
    std::vector<uint8_t> mask;
    for (const uint8_t label : pixels_of(labels, slice)) mask.push_back(case_.task->regions_of(label).test(region));
    return mask;
  }

  void draw_region(Canvas& canvas, size_t region, const Slice& slice) const {
    const std::vector<uint8_t> predicted = mask_of(case_.prediction, slice, region);
    const auto contour = [&](const std::vector<uint8_t>& mask) { return contour_of(mask, slice.width, slice.height); };
    if (!case_.reference) {
      fill(canvas, contour(predicted), colour_of(region));
      return draw_outline(canvas, contour(predicted), colour_of(region), false);
    }
    const std::vector<uint8_t> reference = mask_of(*case_.reference, slice, region);
    std::vector<uint8_t> both;
    for (size_t i = 0; i < reference.size(); ++i) both.push_back(predicted[i] && reference[i]);
    fill(canvas, contour(both), colour_of(region));
    draw_outline(canvas, contour(predicted), colour_of(region), false);
    draw_outline(canvas, contour(reference), kReference, true);
  }

  static void set_colour(Canvas& canvas, const Colour& c, double opacity) {
    cairo_set_source_rgba(canvas.cairo(), c.red, c.green, c.blue, opacity);
  }

  static void add_path(Canvas& canvas, const std::vector<std::vector<PlanePoint>>& polygons) {
    for (const auto& polygon : polygons) {
      cairo_new_sub_path(canvas.cairo());
      for (const PlanePoint& p : polygon) cairo_line_to(canvas.cairo(), p.x, p.y);
      cairo_close_path(canvas.cairo());
    }
  }

  static void fill(Canvas& canvas, const Contour& contour, const Colour& colour) {
    add_path(canvas, contour.areas);
    set_colour(canvas, colour, kOpacity);
    cairo_fill(canvas.cairo());
  }

  static void draw_outline(Canvas& canvas, const Contour& contour, const Colour& colour, bool dashed) {
    add_path(canvas, contour.loops);
    stroke(canvas, colour, dashed);
  }

  // Strokes the current path and clears it. Draws on black where the image is bright.
  static void stroke(Canvas& canvas, const Colour& colour, bool dashed) {
    cairo_t* cairo = canvas.cairo();
    cairo_save(cairo);
    cairo_identity_matrix(cairo);  // lines are as wide in all directions, whatever the spacing
    if (dashed) cairo_set_dash(cairo, kDashes.data(), static_cast<int>(kDashes.size()), 0);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_width(cairo, kHalo);
    set_colour(canvas, kBackground, kHaloOpacity);
    cairo_stroke_preserve(cairo);
    cairo_set_line_width(cairo, kLine);
    set_colour(canvas, colour, 1);
    cairo_stroke(cairo);
    cairo_restore(cairo);
  }

  void draw_legend(Canvas& canvas, double baseline) const {
    double left = kEdge;
    const auto entry = [&](const char* words, double swatch) {
      canvas.text(left + swatch + 5, baseline, words, kSmallLetters, Align::left, kText);
      left += swatch + 5 + canvas.width_of(words, kSmallLetters) + 16;
    };
    const auto line = [&](const char* words, const Colour& colour, bool dashed) {
      constexpr double length = 24;
      cairo_move_to(canvas.cairo(), left, baseline - 4);
      cairo_line_to(canvas.cairo(), left + length, baseline - 4);
      stroke(canvas, colour, dashed);
      entry(words, length);
    };
    if (case_.reference) {
      canvas.rectangle(left, baseline - 9, kSwatch, kSwatch, kText, kLegendOpacity);
      entry("in both", kSwatch);
    }
    line("prediction (in the region's colour)", kFaint, false);
    if (case_.reference) line("reference", kReference, true);
    int centimetres = 5;
    while (centimetres > 1 && 10 * centimetres * scale_ > kMostOfScaleBar * width_) --centimetres;
    const double right = width_ - kEdge, length = 10 * centimetres * scale_;
    canvas.line(right - length, baseline - 4, right, baseline - 4, 2, kText);
    canvas.text(right - length - 6, baseline, fmt::format("{} cm", centimetres), kSmallLetters, Align::right, kText);
  }

  const OverlayCase& case_;
  double width_;
  VoxelBox box_;
  Size3 centre_{};
  std::vector<Slice> slices_;
  std::vector<Row> rows_;
  double scale_ = 1, row_height_ = 0;  // pixels per mm; pixels
};

}  // namespace

std::string SliceNumbers::of_slice(size_t axis, int64_t index) const {
  const int64_t whole = first[axis] + index;
  return fmt::format("{} = {}", "xyz"[orientation.axis[axis]],
                     orientation.backwards[axis] ? size[axis] - 1 - whole : whole);
}

std::string overlay_png(const OverlayCase& c, int width, bool plain) {
  const OverlayFigure figure(c, width, plain);
  return png_of(width, figure.height(), [&](Canvas& canvas) { figure.draw(canvas); });
}

}  // namespace revunet::io
