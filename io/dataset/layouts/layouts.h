// The layouts of datasets that are read as they are, one file each, and what they share.
//
// Non-obvious rule: names are matched whole, and only names are looked at. A case that is not as it should be becomes a
// problem of the scan, so that one pass finds them all; DataError is thrown where no case could be told at all.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/case_files.h"

namespace revunet::io {

// Visible entries of a folder, sorted: messages must not depend on the order of the file system. DataError.
std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder);

// The name without .nii or .nii.gz; nothing for files of other kinds.
std::optional<std::string> image_stem(const std::filesystem::path& path);

// Whether something has this name, a link that leads nowhere too. DataError where that cannot be told.
bool has_entry(const std::filesystem::path& path);
// DataError where `path` is a link that leads nowhere: an unmounted disk must not pass for a file that never was.
void expect_no_broken_link(const std::filesystem::path& path);

// `<folder>/<stem>.nii` or .nii.gz, whichever is there. DataError for both, for a broken link, and for anything but a
// file.
std::optional<std::filesystem::path> find_image(const std::filesystem::path& folder, const std::string& stem);

// DataError for a broken link, and for anything but a file.
void expect_image_file(const std::filesystem::path& path);

// The first image, by name, in a folder or some levels below it; a folder that cannot be listed is returned itself, as
// it may hold some. Hidden files are none, as those that macOS leaves in archives. Nothing where there is none.
std::optional<std::filesystem::path> find_image_below(const std::filesystem::path& folder, int levels = 4);

// Adds a case in order of names. Another of its name is a problem and stays in the scan: its files want a look too.
void add_case(DatasetScan& scan, CaseFiles files, const std::filesystem::path& where);
void add_problem(DatasetScan& scan, DatasetProblem::Kind kind, const std::string& case_name,
                 const std::string& message);
// DataError where two files of a case are one file under two names.
void expect_distinct(const CaseFiles& files);
// Adds what a case lacks. All of its modalities were looked for, and `files` has those found; `message`: what was
// expected and got.
void add_missing_modalities(DatasetScan& scan, const CaseFiles& files, const std::string& message);

// BraTS 2018 to 2024: `<case>/<case>_t1.nii.gz` or `<case>/<case>-t1n.nii.gz` and so on, directly, in HGG/ and LGG/, or
// `root` itself.
DatasetScan scan_brats_folders(const std::filesystem::path& root, const std::optional<LabelProfile>& labels);

// The segmentation of a case folder of these names, and its profile. DataError as find_image.
struct SegmentationFile {
  std::filesystem::path path;
  LabelProfile labels;
};
std::optional<SegmentationFile> brats_segmentation(const std::filesystem::path& folder);

// Layouts with a dataset.json: `root` holds it, `images` is the folder of images to take (imagesTr or imagesTs), whose
// labels lie in the folder with the same ending (labelsTr).
bool has_nnunet_names(const std::filesystem::path& images);  // <case>_0000.nii.gz, a file a modality
DatasetScan scan_decathlon(const std::filesystem::path& root, const std::filesystem::path& images,
                           const std::optional<LabelProfile>& labels);
DatasetScan scan_nnunet(const std::filesystem::path& root, const std::filesystem::path& images,
                        const std::optional<LabelProfile>& labels);

// imagesTr -> labelsTr, next to it.
std::filesystem::path labels_folder(const std::filesystem::path& images);

// Gives each case its labels/<case>.nii[.gz]. A case without is a problem in imagesTr, and a label without a case is
// one wherever it lies.
void add_segmentations(DatasetScan& scan, const std::filesystem::path& images);

// A problem where imagesTr holds another number of cases than dataset.json says: a download may be incomplete.
void compare_count(DatasetScan& scan, const std::filesystem::path& images, std::optional<int64_t> training_cases);

}  // namespace revunet::io
