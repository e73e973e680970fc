// Medical Segmentation Decathlon, Task01: imagesTr/<case>.nii.gz, 4-D with a frame a modality, and labelsTr.
#include "engine/error.h"
#include "io/dataset/layouts/dataset_json.h"
#include "io/dataset/layouts/layouts.h"

namespace revunet::io {

namespace fs = std::filesystem;

DatasetScan scan_decathlon(const fs::path& root, const fs::path& images, const std::optional<LabelProfile>& labels) {
  const DatasetJson description = read_dataset_json(root, labels);
  DatasetScan scan{.layout = "Medical Segmentation Decathlon", .cases = {}, .problems = {}};
  scan.relabelled = description.contradiction;
  for (const fs::path& entry : sorted_entries(images)) {
    const auto name = image_stem(entry);
    if (!name) continue;
    try {
      expect_image_file(entry);
    } catch (const DataError& e) {
      add_problem(scan, DatasetProblem::Kind::layout, *name, e.what());
      continue;
    }
    CaseFiles files{.name = *name, .modalities = {}, .segmentation = {}, .labels = description.labels};
    for (size_t m = 0; m < files.modalities.size(); ++m) {
      files.modalities[m] = {entry, description.channel_of[m], modality_count};
    }
    add_case(scan, std::move(files), entry);
  }
  add_segmentations(scan, images);
  compare_count(scan, images, description.training_cases);
  return scan;
}

}  // namespace revunet::io
