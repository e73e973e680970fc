// This file finds the segmentation files that an evaluation compares, in any of the layouts that people keep them in.
//
// Non-obvious rule: cases are matched by name alone. The name is the file's without .nii[.gz] and without a trailing
// _seg or -seg.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/scores/reference_labels.h"

namespace revunet::io {

// Files are sorted by case name.
using Segmentations = std::map<std::string, std::filesystem::path>;

enum class MissingFile { is_error, is_no_case };

// Returns the segmentations at path, which is one of:
//   a file;
//   a folder of <case>.nii[.gz] or <case>_seg.nii[.gz];
//   a case folder <case>/ with <case>_seg.nii[.gz] or <case>-seg.nii[.gz] in it, next to which the modalities may lie;
//   a folder of BraTS case folders, which may lie one deeper, in HGG/ and LGG/;
//   a dataset of another layout that has a folder of segmentations (a Decathlon's labelsTr/), or that folder alone.
// `missing` says whether a case folder without a segmentation is an error (datasets for prediction have such folders).
// Hidden entries, files of other kinds and <case>_probabilities.nii[.gz] are ignored. Throws DataError where nothing is
// there, for two files of one case, for a missing file that is_error, and for a broken link where a case or its
// segmentation should be.
Segmentations find_segmentations(const std::filesystem::path& path, MissingFile missing);

struct SegmentationPair {
  std::string name;
  std::filesystem::path reference, prediction;
  ReferenceLabels labels;  // of both
};

struct Matching {
  std::vector<SegmentationPair> pairs;          // sorted by name
  std::vector<std::string> without_prediction;  // references that were not predicted, and are not scored
};

// Pairs files by name. Two files are a pair whatever their names. References without a prediction are listed, because
// predictions of a held-out part are compared with a whole dataset. Throws DataError with the predictions that have no
// reference, and as ReferenceLabelling does for references that are scored. labels is --labels.
Matching match_segmentations(const std::filesystem::path& reference, const std::filesystem::path& prediction,
                             const std::optional<LabelProfile>& labels);

}  // namespace revunet::io
