// Datasets with a dataset.json: imagesTr/ and labelsTr/ next to it, and imagesTs/, whose labels lie in labelsTs/ if
// they are there at all. What the layouts of this kind share.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "io/dataset/case_files.h"

namespace revunet::io {

struct DescribedImages {
  std::filesystem::path root;    // which has the dataset.json
  std::filesystem::path images;  // to take; it need not exist
};
// Describes a folder with a dataset.json, or an images folder next to one. Returns nothing for any other.
// DataError for a broken link.
std::optional<DescribedImages> described_images(const std::filesystem::path& path);

// What a folder lacks that has images, but no dataset.json; empty for any other.
std::string hint_at_description(const std::filesystem::path& path);

// The folder of segmentations that `path` is, or has: none without a dataset.json next to it. nnU-Net puts a
// dataset.json next to predictions too, without folders of labels.
std::optional<std::filesystem::path> described_segmentations(const std::filesystem::path& path);
// What the numbers of the segmentations in a folder stand for, by the dataset.json in it, or next to it where it is
// called labels...; none without one. DataError as read_dataset_json.
std::optional<LabelProfile> described_labels(const std::filesystem::path& folder);

// imagesTr -> labelsTr, next to it.
std::filesystem::path labels_folder(const std::filesystem::path& images);

// Gives each case its labels/<case>.nii[.gz]. A case without is a problem in imagesTr, and a label without a case is
// one wherever it lies.
void add_segmentations(DatasetScan& scan, const std::filesystem::path& images);

// A problem where imagesTr holds another number of cases than dataset.json says: a download may be incomplete.
void compare_count(DatasetScan& scan, const std::filesystem::path& images, std::optional<int64_t> training_cases);

}  // namespace revunet::io
