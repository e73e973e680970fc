// This file finds and loads the cases of a dataset. They are found by name in any of the layouts that people have
// (docs/data.md), and loaded with grids and labels checked.
//
// Non-obvious rule: file names are matched whole (so `_t1ce` is never taken for `_t1`), and cases come sorted by name,
// because the order of a folder's entries means nothing.
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

// Returns everything at `path`, in any of the layouts of io/dataset/layouts/dataset_layout.h, with all that is wrong
// with it, by names alone: no image is read. `labels` replaces what the layout says about segmentations. Throws
// DataError where no case is found (with the layouts expected), and for a dataset.json that cannot be understood.
DatasetScan scan_dataset(const std::filesystem::path& path, const std::optional<LabelProfile>& labels = {});

// Returns a sentence for everything that was left out, or read differently from what its name says. Most datasets have
// none.
std::vector<std::string> notes_of(const DatasetScan& scan);
using OnNote = std::function<void(const std::string&)>;

enum class MissingModality { refused, allowed };

// Returns the cases of a scan without problems, sorted by name. Where missing modalities are allowed, their paths are
// empty. Throws DataError as scan_dataset does, and for the scan's problems, with the first and how many more there
// are. Problems are: a modality that is missing, .nii and .nii.gz of the same thing, a modality or segmentation that is
// the same file as another, a segmentation under another name, two cases of one name, a label without images, images in
// imagesTr without a label, and a case whose name is not UTF-8. Case folders may lack a segmentation, even next to
// others that have one: a training asks for all of them itself. Calls on_note with each of the scan's notes.
std::vector<CaseFiles> find_cases(const std::filesystem::path& path, const std::optional<LabelProfile>& labels = {},
                                  MissingModality missing = MissingModality::refused, const OnNote& on_note = {});

// Does the same as find_cases for those of its modalities that `names` has, or for all where `names` is empty. A case
// may lack the others. Throws UsageError for a name that is no modality's.
std::vector<CaseFiles> find_cases_of(const std::filesystem::path& path, const std::optional<LabelProfile>& labels,
                                     const std::vector<std::string>& names, const OnNote& on_note = {});

// Throws DataError for a case that lacks a modality.
void expect_all_modalities(const CaseFiles& files);

// Does the same as find_cases, but leaves out cases with problems, which `bad` then lists. Throws DataError for
// problems of no single case.
struct SoundCases {
  std::vector<CaseFiles> cases;
  std::vector<DatasetProblem> bad;
};
SoundCases find_sound_cases(const std::filesystem::path& path, const std::optional<LabelProfile>& labels = {},
                            MissingModality missing = MissingModality::refused, const OnNote& on_note = {});

// CaseVolumes holds all voxels of a case on one grid, in BraTS's orientation (io/nifti/orientation.h).
struct CaseVolumes {
  // Makes a case of no voxels and no labels.
  explicit CaseVolumes(TaskPointer of)
      : task(std::move(of)), modalities(task->modalities().size()), missing(task->modalities().size()) {}

  TaskPointer task;
  std::string name;
  Grid grid;
  Grid file_grid;                              // of the files
  Orientation orientation;                     // from file_grid to grid
  std::array<int64_t, 3> cropped_at{};         // first voxel in the whole volume, if cut to a box
  bool cut_to_nonzero = false;                 // whether the grid is the box of voxels that are not zero
  std::vector<std::vector<float>> modalities;  // the task's, each X*Y*Z, x fastest
  std::vector<bool> missing;                   // those without a file, which are zero everywhere
  std::optional<std::vector<uint8_t>> labels;  // X*Y*Z, x fastest; the task's
  std::vector<char> header;                    // of the first modality that exists, for images made from this case
};

// Reads a case's files, their headers first, subtracts their background and brings them into BraTS's orientation by
// whole axes. Throws DataError as read_nifti and subtract_background do, and for: another number of frames than the
// layout has, grids that differ (with the case, both files and their sizes), and values that the case's label profile
// lacks. Throws Error for a case without any modality.
CaseVolumes load_case(const CaseFiles& files);

}  // namespace revunet::io
