// A Resampling says on what grid networks see images: that of the files, or one of a given spacing.
#pragma once

#include <array>
#include <cstddef>

namespace revunet::io {

enum class Interpolation { linear, cubic };

constexpr double kMostSpacing = 1000;  // mm: far beyond use, and far from what overflows
inline bool is_spacing(double mm) {
  return mm > 0 && mm <= kMostSpacing;
}

struct Resampling {
  enum class Kind {
    as_is,      // on the files' own grids, whatever their spacings are
    given,      // resampled to one spacing
    automatic,  // one of these, once the labelled cases are known (io/preprocessing/fingerprint.h)
  };

  Kind kind = Kind::as_is;
  std::array<double, 3> spacing{};                     // mm along x, y, z of BraTS's orientation; of Kind::given
  Interpolation interpolation = Interpolation::cubic;  // of images; labels are resampled by classes

  bool operator==(const Resampling&) const = default;
};

struct InterpolationName {
  Interpolation interpolation;
  const char* name;  // in files and options
};
inline constexpr std::array<InterpolationName, 2> kInterpolations = {{
    {Interpolation::linear, "linear"},
    {Interpolation::cubic, "cubic"},
}};

constexpr const InterpolationName& name_of(Interpolation interpolation) {
  return kInterpolations[static_cast<size_t>(interpolation)];
}

}  // namespace revunet::io
