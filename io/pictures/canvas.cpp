#include "io/pictures/canvas.h"

#include <cairo-svg.h>
#include <cairo.h>

#include <cmath>
#include <memory>

#include "engine/error.h"

#if defined(__SANITIZE_ADDRESS__)
// This tells LeakSanitizer that what fontconfig keeps of fonts is not a leak.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfontconfig";
}
// This keeps its report off stderr, where tests look for what a tool said.
extern "C" const char* __lsan_default_options() {
  return "print_suppressions=0";
}
#endif

namespace revunet::io {

namespace {

struct CairoDeleter {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
};
using Surface = std::unique_ptr<cairo_surface_t, CairoDeleter>;

void expect_success(cairo_status_t status) {
  REVUNET_EXPECTS(status == CAIRO_STATUS_SUCCESS, Error,
                  "[picture] expected cairo to draw, got: {}; try the other format", cairo_status_to_string(status));
}

cairo_status_t append(void* text, const unsigned char* bytes, unsigned size) {
  static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes), size);
  return CAIRO_STATUS_SUCCESS;
}

void draw_on(cairo_surface_t* surface, const Draw& draw) {
  const std::unique_ptr<cairo_t, CairoDeleter> cairo(cairo_create(surface));
  Canvas canvas(cairo.get());
  draw(canvas);
  expect_success(cairo_status(cairo.get()));
}

}  // namespace

Canvas::Canvas(_cairo* cairo) : cairo_(cairo) {
  colour(kWhite);
  cairo_paint(cairo_);
  cairo_select_font_face(cairo_, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
}

void Canvas::colour(const Colour& c, double opacity) {
  cairo_set_source_rgba(cairo_, c.red, c.green, c.blue, opacity);
}

double Canvas::width_of(const std::string& words, double size) {
  cairo_set_font_size(cairo_, size);
  cairo_text_extents_t extents;
  cairo_text_extents(cairo_, words.c_str(), &extents);
  return extents.x_advance;
}

void Canvas::text(double x, double baseline, const std::string& words, double size, Align align, const Colour& ink) {
  const double width = width_of(words, size);
  const double shift = align == Align::left ? 0 : align == Align::centre ? width / 2 : width;
  colour(ink);
  cairo_move_to(cairo_, x - shift, baseline);
  cairo_show_text(cairo_, words.c_str());
}

void Canvas::line(double x1, double y1, double x2, double y2, double width, const Colour& ink) {
  colour(ink);
  cairo_set_line_width(cairo_, width);
  cairo_move_to(cairo_, x1, y1);
  cairo_line_to(cairo_, x2, y2);
  cairo_stroke(cairo_);
}

void Canvas::dashed_line(double x1, double y1, double x2, double y2, double width, const Colour& ink) {
  const double pattern[] = {4, 3};
  cairo_set_dash(cairo_, pattern, 2, 0);
  line(x1, y1, x2, y2, width, ink);
  cairo_set_dash(cairo_, pattern, 0, 0);
}

void Canvas::rectangle(double left, double top, double width, double height, const Colour& fill, double opacity) {
  colour(fill, opacity);
  cairo_rectangle(cairo_, left, top, width, height);
  cairo_fill(cairo_);
}

void Canvas::frame(double left, double top, double width, double height, double line_width, const Colour& ink) {
  colour(ink);
  cairo_set_line_width(cairo_, line_width);
  cairo_rectangle(cairo_, left, top, width, height);
  cairo_stroke(cairo_);
}

void Canvas::disc(double x, double y, double radius, const Colour& fill, double opacity) {
  colour(fill, opacity);
  cairo_arc(cairo_, x, y, radius, 0, 2 * M_PI);
  cairo_fill(cairo_);
}

void Canvas::ring(double x, double y, double radius, double line_width, const Colour& ink) {
  colour(kWhite);
  cairo_arc(cairo_, x, y, radius, 0, 2 * M_PI);
  cairo_fill_preserve(cairo_);
  colour(ink);
  cairo_set_line_width(cairo_, line_width);
  cairo_stroke(cairo_);
}

void Canvas::polygon(const std::function<void(const Corner&)>& corners, const Colour& fill) {
  cairo_new_path(cairo_);
  corners([this](double x, double y) { cairo_line_to(cairo_, x, y); });
  cairo_close_path(cairo_);
  colour(fill);
  cairo_fill(cairo_);
}

std::string svg_of(double width, double height, const Draw& draw) {
  std::string bytes;
  const Surface surface(cairo_svg_surface_create_for_stream(append, &bytes, width, height));
  draw_on(surface.get(), draw);
  cairo_surface_finish(surface.get());
  expect_success(cairo_surface_status(surface.get()));
  return bytes;
}

std::string png_of(double width, double height, const Draw& draw) {
  const Surface surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width), static_cast<int>(height)));
  draw_on(surface.get(), draw);
  std::string bytes;
  expect_success(cairo_surface_write_to_png_stream(surface.get(), append, &bytes));
  return bytes;
}

}  // namespace revunet::io
