#include "io/dataset/background.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/error.h"
#include "io/text/parse_number.h"

namespace revunet::io {
namespace {

std::vector<float> corners_of(std::span<const float> voxels, const std::array<int64_t, 3>& size) {
  std::vector<float> corners;
  for (const int64_t z : {int64_t{0}, size[2] - 1}) {
    for (const int64_t y : {int64_t{0}, size[1] - 1}) {
      for (const int64_t x : {int64_t{0}, size[0] - 1}) {
        corners.push_back(voxels[static_cast<size_t>(x + size[0] * (y + size[1] * z))]);
      }
    }
  }
  return corners;
}

}  // namespace

std::string Background::name() const {
  return kind == Kind::corner ? "corner" : fmt::format("{}", kind == Kind::value ? value : 0.0f);
}

Background parse_background(const std::string& text) {
  if (text == "corner") return {Background::Kind::corner, 0};
  const auto value = parse_number<float>(text);
  REVUNET_EXPECTS(value && std::isfinite(*value), UsageError,
                  "[`background`] expected corner or a number, such as -0.5, got {}", text);
  return *value == 0 ? Background{} : Background{Background::Kind::value, *value};
}

std::optional<float> value_of_corners(std::span<const float> voxels, const std::array<int64_t, 3>& size) {
  const std::vector<float> corners = corners_of(voxels, size);
  const bool one = std::ranges::all_of(corners, [&](float v) { return v == corners[0]; });
  return one ? std::optional(corners[0]) : std::nullopt;
}

void subtract_background(std::span<float> voxels, const std::array<int64_t, 3>& size, const Background& background,
                         const std::string& where) {
  if (background.kind == Background::Kind::zero) return;
  float value = background.value;
  if (background.kind == Background::Kind::corner) {
    const std::optional<float> corner = value_of_corners(voxels, size);
    REVUNET_EXPECTS(corner, DataError,
                    "[{}] expected one value in all corners, for `background` corner, got {}; give the value of the "
                    "background itself, or make the images with one",
                    where, fmt::join(corners_of(voxels, size), ", "));
    value = *corner;
  } else {
    REVUNET_EXPECTS(std::ranges::find(voxels, value) != voxels.end(), DataError,
                    "[{}] expected a background of {}, for `background`, got no voxel of that value; where images have "
                    "backgrounds of their own, pass `background` corner",
                    where, value);
  }
  for (float& v : voxels) v -= value;  // only the background's value becomes 0
}

}  // namespace revunet::io
