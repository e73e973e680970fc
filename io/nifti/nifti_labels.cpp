// This file takes the labels of a segmentation out of an image: whole numbers, or what a writer of scaled numbers has
// made of them.
#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/error.h"
#include "io/nifti/whole_labels.h"

namespace revunet::io {
namespace {

// Rounds to labels. Each label must be one value throughout, because a writer turns equal labels into equal values.
class LabelRounding {
 public:
  LabelRounding(double error, const std::filesystem::path& path) : error_(error), path_(path) {}

  bool is_near(float value) const {
    const float label = std::round(value);
    return label >= 0 && label <= 255 && std::abs(value - label) <= error_;
  }

  uint8_t operator()(float value) {
    const auto label = static_cast<uint8_t>(std::round(value));
    std::optional<float>& known = values_[label];
    if (!known) known = value;
    REVUNET_EXPECTS(*known == value, DataError,
                    "[{}] expected labels, one value for each, got {} and {} for {}; check that it is a segmentation, "
                    "not a map of probabilities",
                    path_.string(), *known, value, label);
    return label;
  }

  // Returns a value that is no whole number. There is at least one.
  float example() const {
    return **std::ranges::find_if(values_, [](const auto& v) { return v && *v != std::round(*v); });
  }

 private:
  double error_;
  const std::filesystem::path& path_;
  std::array<std::optional<float>, 256> values_{};  // by label
};

void expect_one_frame(const NiftiImage& image, const std::filesystem::path& path) {
  REVUNET_EXPECTS(image.frames == 1, DataError, "[{}] expected labels of one frame, got {}; split the image",
                  path.string(), image.frames);
}

}  // namespace

LabelImage read_nifti_labels(const std::filesystem::path& path) {
  expect_one_frame(read_nifti_header(path), path);  // checked before its voxels take memory
  if (std::optional<LabelImage> labels = read_whole_labels(path)) return *std::move(labels);
  return labels_of_image(read_nifti(path), path);
}

LabelImage labels_of_image(NiftiImage image, const std::filesystem::path& path) {
  expect_one_frame(image, path);
  LabelImage labels{.grid = image.grid,
                    .labels = std::vector<uint8_t>(image.voxels.size()),
                    .header = std::move(image.header),
                    .tolerated = std::move(image.tolerated)};
  if (std::ranges::all_of(image.voxels, is_whole_label)) {
    std::ranges::transform(image.voxels, labels.labels.begin(), [](float v) { return static_cast<uint8_t>(v); });
    return labels;
  }
  LabelRounding rounding(image.scaling_error, path);
  const auto is_near = [&](float value) { return rounding.is_near(value); };
  const auto bad = std::ranges::find_if_not(image.voxels, is_near);
  if (bad != image.voxels.end()) {
    const auto more = std::count_if(bad + 1, image.voxels.end(), std::not_fn(is_near));
    throw DataError(fmt::format(
        "[{}] expected labels, whole numbers in 0..255, got {} at voxel {}{}; check that it is a segmentation",
        path.string(), *bad, bad - image.voxels.begin(),
        more > 0 ? fmt::format(", and {} more that are none", more) : ""));
  }
  std::ranges::transform(image.voxels, labels.labels.begin(), std::ref(rounding));
  labels.tolerated.push_back(
      fmt::format("[{}] expected labels, whole numbers, got {} and the like, as a writer of "
                  "scaled numbers leaves them: they are rounded",
                  path.string(), rounding.example()));
  return labels;
}

}  // namespace revunet::io
