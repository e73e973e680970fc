// Cases of a dataset: found by name in any of the layouts that people have (docs/data.md), loaded with grids and labels
// checked.
//
// Non-obvious rule: file names are matched whole (so `_t1ce` is never taken for `_t1`), and cases come sorted by name:
// the order of a folder's entries is no order.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/case_files.h"
#include "io/nifti/nifti.h"
#include "io/nifti/orientation.h"

namespace revunet::io {

// Everything at `path`, in any of the layouts of io/dataset/layouts/dataset_layout.h, with all that is wrong with it,
// by names alone: no image is read. `labels`: what segmentations hold, in place of what the layout says. DataError
// where no case is found (with the layouts expected), and for a dataset.json that cannot be understood.
DatasetScan scan_dataset(const std::filesystem::path& path, const std::optional<LabelProfile>& labels = {});

// What was read in another way than its names say, or left out: a sentence each, none for most datasets.
std::vector<std::string> notes_of(const DatasetScan& scan);
using OnNote = std::function<void(const std::string&)>;

enum class MissingModality { refused, allowed };

// The cases of a scan without problems, sorted by name; where missing modalities are allowed, theirs are none.
// DataError as scan_dataset, and for its problems: the first, and how many more there are. Problems are: a modality
// that is missing, .nii and .nii.gz of the same thing, a modality or segmentation that is the same file as another, a
// segmentation under another name, two cases of one name, a label without images, in imagesTr images without a label,
// a case whose name is not UTF-8.
// Case folders may be without a segmentation, also next to others: who trains wants them all.
// Calls on_note with each of the scan's notes.
std::vector<CaseFiles> find_cases(const std::filesystem::path& path, const std::optional<LabelProfile>& labels = {},
                                  MissingModality missing = MissingModality::refused, const OnNote& on_note = {});

// As find_cases, but cases that have problems are left out, with their problems in `bad`. DataError for problems of no
// single case.
struct SoundCases {
  std::vector<CaseFiles> cases;
  std::vector<DatasetProblem> bad;
};
SoundCases find_sound_cases(const std::filesystem::path& path, const std::optional<LabelProfile>& labels = {},
                            MissingModality missing = MissingModality::refused, const OnNote& on_note = {});

// All voxels of a case on one grid, in BraTS's orientation (io/nifti/orientation.h).
struct CaseVolumes {
  std::string name;
  Grid grid;
  Grid file_grid;                                             // of the files
  Orientation orientation;                                    // from file_grid to grid
  std::array<int64_t, 3> cropped_at{};                        // first voxel in the whole volume, of a case cut to a box
  std::array<std::vector<float>, modality_count> modalities;  // each X*Y*Z, x fastest
  std::array<bool, modality_count> missing{};                 // those without a file, which are zero everywhere
  std::optional<std::vector<uint8_t>> labels;                 // X*Y*Z, x fastest; 0, 1, 2 or 4
  std::vector<char> header;  // of the first modality that is there: for images made of this case
};

// Reads a case's files, their headers first, subtracts their background and brings them into BraTS's orientation by
// whole axes. DataError as read_nifti and subtract_background, and for: another number of frames than the layout has,
// grids that differ (naming the case, both files and their sizes), values that the case's label profile has not. Error
// for a case without any modality.
CaseVolumes load_case(const CaseFiles& files);

}  // namespace revunet::io
