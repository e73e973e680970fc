// The layouts of datasets with a dataset.json share this file. Such a dataset has imagesTr/ and labelsTr/ next to
// dataset.json, and imagesTs/, whose labels are in labelsTs/ if there are any.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "io/dataset/case_files.h"
#include "io/dataset/layouts/dataset_json.h"

namespace revunet::io {

struct DescribedImages {
  std::filesystem::path root;    // the folder that has the dataset.json; empty: there is none
  std::filesystem::path images;  // the folder to read; it need not exist
};
// Describes a folder with a dataset.json, or an images folder next to one. Where `labels` are of another task than
// BraTS's, a folder that holds images itself needs none, because their task says what the channels are. Returns nothing
// for any other. Throws DataError for a broken link.
std::optional<DescribedImages> described_images(const std::filesystem::path& path,
                                                const std::optional<LabelProfile>& labels);

// Returns what dataset.json says or, without one, what the labels' task does.
DatasetJson description_of(const DescribedImages& described, const std::optional<LabelProfile>& labels);

// Says what a folder lacks that has images, but no dataset.json. Returns an empty text for any other.
std::string hint_at_description(const std::filesystem::path& path);

// Returns the folder of segmentations that `path` is, or has, or none without a dataset.json next to it. nnU-Net puts a
// dataset.json next to predictions too, without folders of labels.
std::optional<std::filesystem::path> described_segmentations(const std::filesystem::path& path);
// Returns the segmentation of each case that the dataset.json of a dataset lists, or none where its folders have the
// cases. Throws DataError as read_listed_cases does.
std::map<std::string, std::filesystem::path> listed_segmentations(const std::filesystem::path& root);
// Returns what the numbers of the segmentations in a folder stand for, by the dataset.json in it, or next to it where
// the folder is called labels.... Returns none without one. Throws DataError as read_dataset_json does.
std::optional<LabelProfile> described_labels(const std::filesystem::path& folder);

// Turns imagesTr into labelsTr, next to it.
std::filesystem::path labels_folder(const std::filesystem::path& images);

// Gives each case its labels/<case>.nii[.gz]. A case without one is a problem in imagesTr, and a label without a case
// is a problem in any folder. Does nothing for a folder whose name does not begin with images.
void add_segmentations(DatasetScan& scan, const std::filesystem::path& images);

// Adds a problem where imagesTr holds another number of cases than dataset.json says: a download may be incomplete.
void compare_count(DatasetScan& scan, const std::filesystem::path& images, std::optional<int64_t> training_cases);

}  // namespace revunet::io
