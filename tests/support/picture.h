// Reads a PNG's pixels.
#pragma once

#include <cairo.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "tests/support/catch.h"

namespace revunet::test {

struct Rgb {
  int red, green, blue;
};

class Picture {
 public:
  explicit Picture(std::string png) : rest_(std::move(png)) {
    surface_ = cairo_image_surface_create_from_png_stream(read, this);
    REQUIRE(cairo_surface_status(surface_) == CAIRO_STATUS_SUCCESS);
  }
  ~Picture() { cairo_surface_destroy(surface_); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

  int width() const { return cairo_image_surface_get_width(surface_); }
  int height() const { return cairo_image_surface_get_height(surface_); }
  Rgb at(int x, int y) const {
    uint32_t pixel = 0;
    std::memcpy(&pixel, cairo_image_surface_get_data(surface_) + y * cairo_image_surface_get_stride(surface_) + 4 * x,
                4);
    return {static_cast<int>(pixel >> 16 & 255), static_cast<int>(pixel >> 8 & 255), static_cast<int>(pixel & 255)};
  }

 private:
  static cairo_status_t read(void* self, unsigned char* to, unsigned length) {
    std::string& rest = static_cast<Picture*>(self)->rest_;
    if (rest.size() < length) return CAIRO_STATUS_READ_ERROR;
    std::memcpy(to, rest.data(), length);
    rest.erase(0, length);
    return CAIRO_STATUS_SUCCESS;
  }

  std::string rest_;
  cairo_surface_t* surface_ = nullptr;
};

}  // namespace revunet::test
