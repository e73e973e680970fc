// A Normalisation says how the voxels of one modality become those that a network sees.
#pragma once

#include <array>
#include <optional>
#include <string>

namespace revunet::io {

struct Normalisation {
  enum class Kind {
    nonzero,    // mean and deviation over the case's non-zero voxels; zeros stay zero (MRI that is skull-stripped)
    all,        // mean and deviation over all of the case's voxels
    ct,         // clipped, then the mean and deviation that labelled cases have in their foreground (Hounsfield units)
    none,       // as they are
    automatic,  // nonzero or all, once the labelled cases are known (io/preprocessing/fingerprint.h)
  };
  // These are of the voxels of a dataset's labelled cases that lie in a region.
  struct Foreground {
    double low, high;  // percentiles 0.5 and 99.5, to which voxels are clipped
    double mean, deviation;
    bool operator==(const Foreground&) const = default;
  };

  Kind kind = Kind::nonzero;
  std::optional<Foreground> foreground = {};  // of ct, once the labelled cases are known

  bool operator==(const Normalisation&) const = default;
};

struct NormalisationName {
  Normalisation::Kind kind;
  const char* name;     // in files
  const char* meaning;  // for people
};
inline constexpr std::array<NormalisationName, 5> kNormalisations = {{
    {Normalisation::Kind::nonzero, "nonzero", "zero mean, unit population deviation over its non-zero voxels"},
    {Normalisation::Kind::all, "all", "zero mean, unit population deviation over all voxels"},
    {Normalisation::Kind::ct, "ct", "clipped, with mean and deviation of the labelled cases' foreground"},
    {Normalisation::Kind::none, "none", "as it is"},
    {Normalisation::Kind::automatic, "auto", "as the labelled cases need it"},
}};

constexpr const NormalisationName& name_of(Normalisation::Kind kind) {
  return kNormalisations[static_cast<size_t>(kind)];
}

}  // namespace revunet::io
