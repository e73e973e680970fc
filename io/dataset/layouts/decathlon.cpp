// Medical Segmentation Decathlon has imagesTr/<case>.nii.gz, with one frame per modality, and labelsTr.
#include "engine/error.h"
#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/described_dataset.h"
#include "io/dataset/layouts/image_files.h"
#include "io/dataset/layouts/scan_parts.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

bool is_decathlon(const fs::path& folder, const std::optional<LabelProfile>& labels) {
  return described_images(folder, labels).has_value();
}

DatasetScan scan_decathlon(const fs::path& folder, const std::optional<LabelProfile>& labels) {
  const DescribedImages described = described_images(folder, labels).value();
  const fs::path& images = described.images;
  REVUNET_EXPECTS(fs::is_directory(images), DataError, "[{}] expected imagesTr next to dataset.json, got none; add it",
                  described.root.string());
  const DatasetJson description = description_of(described, labels);
  DatasetScan scan;
  scan.task_note = description.task_note;
  for (const fs::path& entry : sorted_entries(images)) {
    const auto name = image_stem(entry);
    if (!name) continue;
    try {
      expect_image_file(entry);
    } catch (const DataError& e) {
      add_problem(scan, DatasetProblem::Kind::layout, *name, e.what());
      continue;
    }
    CaseFiles files(*name, description.labels);
    for (size_t m = 0; m < files.modalities.size(); ++m) {
      files.modalities[m] = {entry, description.channel_of[m], description.channels};
    }
    add_case(scan, std::move(files), entry);
  }
  add_segmentations(scan, images);
  compare_count(scan, images, description.training_cases);
  return scan;
}

}  // namespace

extern const DatasetLayout decathlon = {
    .name = "Medical Segmentation Decathlon",
    .datasets = "the Medical Segmentation Decathlon",
    .looks_like = [] { return std::string("imagesTr/<case>.nii.gz, with a frame per channel, and a dataset.json"); },
    .is_layout_of = is_decathlon,
    .scan = scan_decathlon,
    .hint = hint_at_description,
    .segmentations = described_segmentations,
    .labels_of_folder = described_labels,
    .labels_of_name = nullptr,
};

}  // namespace revunet::io
