// Tests the removal of small pieces of predictions: on hand-made labels, and by revunet-predict's options.
#include <cmath>

#include "io/dataset/regions.h"
#include "io/nifti/nifti.h"
#include "io/scores/components.h"
#include "models/inference/component_filter.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

using Labels = std::vector<uint8_t>;

Labels filtered(Labels labels, const ComponentFilter& filter, double voxel_volume = 1) {
  filter_components(labels, {static_cast<int64_t>(labels.size()), 1, 1}, voxel_volume, filter);
  return labels;
}

io::Components components_of(const io::LabelImage& image, size_t region) {
  Labels mask;
  for (const uint8_t label : image.labels) mask.push_back(io::regions_of(label)[region]);
  return io::connected_components(mask, image.grid.size);
}

// Writes untrained weights whose last bias is lowered until a region holds only the highest values of its channel,
// which form pieces.
fs::path write_scattering(const fs::path& path, const io::SafetensorsFile& untrained, const io::NiftiImage& seen) {
  const size_t voxels = seen.voxels.size() / io::region_count;
  std::vector<float> logits;  // of each region's threshold
  for (size_t region = 0; region < io::region_count; ++region) {
    std::vector<float> values;
    for (size_t v = 0; v < voxels; ++v) {
      if (const float p = seen.voxels[region * voxels + v]; p > 0) values.push_back(p);
    }
    const auto high = values.begin() + static_cast<int64_t>(0.97 * static_cast<double>(values.size()));
    std::ranges::nth_element(values, high);
    logits.push_back(std::log(*high / (1 - *high)));
  }
  const auto lowered = [&](const std::string& name, const io::HostTensor& t) {
    if (!name.ends_with("bias") || t.count() != io::region_count) return t;
    std::vector<float> bias = t.to_f32();
    for (size_t r = 0; r < bias.size(); ++r) bias[r] -= logits[r];
    return io::HostTensor::from_f32(t.shape(), bias);
  };
  io::write_safetensors(path, changed(untrained, true, lowered));
  return path;
}

}  // namespace

TEST_CASE("pieces that are removed become what lies around them", "[components]") {
  // The labels lie on a line. WT has 8, 3 and 1 voxels; TC within has 2 and 1, 3, 1; ET within has 1, 1 and 2, 1.
  const Labels labels = {2, 1, 4, 2, 4, 2, 2, 2, 0, 4, 4, 1, 0, 4};
  CHECK(filtered(labels, {}) == labels);
  // The largest WT stays, and of its TC the larger, whose ET is the only one left.
  CHECK(filtered(labels, {.keep = 1}) == Labels{2, 1, 4, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0});
  // Two of each stay: WT 8 and 3; TC 2 and 3 of 2, 1, 3; ET 1 and 2.
  CHECK(filtered(labels, {.keep = 2}) == Labels{2, 1, 4, 2, 2, 2, 2, 2, 0, 4, 4, 1, 0, 0});
  // From 2 mm^3 on, WT 8 and 3 and TC 2 and 3 stay. Of ET only the pair stays: the single one becomes not enhancing
  // core.
  CHECK(filtered(labels, {.min_volume = 2}) == Labels{2, 1, 1, 2, 2, 2, 2, 2, 0, 4, 4, 1, 0, 0});
  CHECK(filtered(labels, {.keep = 1, .min_volume = 2}) == Labels{2, 1, 1, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0});
  CHECK(filtered(labels, {.min_volume = 9}) == Labels(labels.size(), 0));
}

TEST_CASE("volumes are in mm^3, and of equal pieces the first stays", "[components]") {
  const Labels labels = {2, 2, 0, 2, 2};
  CHECK(filtered(labels, {.keep = 1}) == Labels{2, 2, 0, 0, 0});
  CHECK(filtered(labels, {.min_volume = 6}, 3) == labels);
  CHECK(filtered(labels, {.min_volume = 6.1}, 3) == Labels(5, 0));
}

TEST_CASE("revunet-predict removes small pieces from labels and from no probabilities", "[components][predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), untrained = write_untrained(folder / "u.safetensors");
  REQUIRE(predict(untrained, data, folder / "first", "--probabilities").exit_code == 0);
  const fs::path weights = write_scattering(folder / "w.safetensors", io::read_safetensors(untrained),
                                            io::read_nifti(folder / "first/Phantom_001_probabilities.nii.gz"));
  const auto predicted = [&](const std::string& out, const std::string& more) {
    const ToolResult got = predict(weights, data, folder / out, "--probabilities " + more);
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    return io::read_nifti_labels(folder / out / "Phantom_001.nii.gz");
  };
  const io::LabelImage all = predicted("all", ""), largest = predicted("largest", "--keep-components 1"),
                       large = predicted("large", "--min-component-volume 20");
  const io::Components before = components_of(all, 0), after = components_of(largest, 0);
  REQUIRE(before.count() > 2);  // otherwise this tests nothing
  CHECK(after.voxels == std::vector<int64_t>{*std::ranges::max_element(before.voxels)});
  for (size_t region = 0; region < io::region_count; ++region) {
    CHECK(components_of(largest, region).count() <= 1);
    for (const int64_t voxels : components_of(large, region).voxels) CHECK(voxels >= 20);
  }
  CHECK(components_of(large, 0).count() == std::ranges::count_if(before.voxels, [](int64_t v) { return v >= 20; }));
  for (const char* out : {"largest", "large"}) {
    CHECK(read_bytes(folder / out / "Phantom_001_probabilities.nii.gz") ==
          read_bytes(folder / "all/Phantom_001_probabilities.nii.gz"));
  }
  CHECK_THAT(predict(weights, data, folder / "none", "--keep-components 0").errors,
             ContainsSubstring("[--keep-components] expected a whole number from 1 to 1000000000, got 0"));
  CHECK(predict(weights, data, folder / "none", "--min-component-volume=-1").exit_code == 2);
}
