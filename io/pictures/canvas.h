// A Canvas takes lines, areas and words: a picture is drawn once and written as SVG or PNG.
//
// Rule: lengths are points, and y goes down. An SVG holds its letters as outlines and needs no fonts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

struct _cairo;  // cairo_t

namespace revunet::io {

struct Colour {
  double red, green, blue;
};
constexpr Colour from_hex(uint32_t rgb) {
  return {(rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0};
}
// All charts share these colours of lines and words on white.
constexpr uint32_t kInkOnWhite = 0x22262b, kPaleOnWhite = 0x5b646d, kGridOnWhite = 0xd8dce1;
constexpr Colour kWhite = from_hex(0xffffff), kInk = from_hex(kInkOnWhite), kPale = from_hex(kPaleOnWhite),
                 kGrid = from_hex(kGridOnWhite);
constexpr double kSmall = 12, kNormal = 13, kTitle = 15;  // sizes of letters

enum class Align { left, centre, right };

class Canvas {
 public:
  explicit Canvas(_cairo* cairo);  // begins white

  // Gives direct access to cairo, for drawing that this class lacks.
  _cairo* cairo() const { return cairo_; }
  double width_of(const std::string& words, double size);
  void text(double x, double baseline, const std::string& words, double size, Align align, const Colour& ink = kInk);
  void line(double x1, double y1, double x2, double y2, double width, const Colour& ink);
  void dashed_line(double x1, double y1, double x2, double y2, double width, const Colour& ink);
  void rectangle(double left, double top, double width, double height, const Colour& fill, double opacity = 1);
  void frame(double left, double top, double width, double height, double line_width, const Colour& ink);
  void disc(double x, double y, double radius, const Colour& fill, double opacity = 1);
  void ring(double x, double y, double radius, double line_width, const Colour& ink);
  // A polygon is given by corner(i), which calls its argument with each corner's x and y.
  using Corner = std::function<void(double, double)>;
  void polygon(const std::function<void(const Corner&)>& corners, const Colour& fill);

 private:
  void colour(const Colour& c, double opacity = 1);

  _cairo* cairo_;
};

// Both return the bytes of a file. A PNG has width x height pixels. They throw Error where cairo fails.
using Draw = std::function<void(Canvas&)>;
std::string svg_of(double width, double height, const Draw& draw);
std::string png_of(double width, double height, const Draw& draw);

}  // namespace revunet::io
