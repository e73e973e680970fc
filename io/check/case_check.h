// This file checks one case: all that is wrong with its files.
//
// Non-obvious rule: images are read one at a time and dropped, so that a thread takes the memory of one file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/check/findings.h"
#include "io/dataset/dataset.h"
#include "io/files/sha256.h"

namespace revunet::io {

enum class CheckLevel {
  none,
  headers,  // headers, grids and lengths of all files, no voxels
  full,
};

// A Fingerprint is a hash of an image's voxels in BraTS's order. It is equal for equal voxels, whatever the file's
// name, compression or orientation.
struct Fingerprint {
  size_t image;  // of the task's modalities; the segmentation after them
  uint64_t hash;
};

struct CaseCheck {
  explicit CaseCheck(const LabelProfile& of) : profile(of) {}

  CheckedCase checked;
  std::filesystem::path folder;  // of its first image
  std::vector<Fingerprint>
      fingerprints;  // from a full check, of images that are not constant and segmentations that are not empty
  // Says how often the segmentation has each number. A full check sets it where all numbers are whole.
  // compare_label_values reports numbers that the profile lacks, because that depends on the other cases.
  std::optional<ValueCounts> label_values;
  LabelProfile profile;
  std::filesystem::path segmentation;  // empty: none
  SumOfFile sums = {};                 // of files that a full check has read whole, where sums are wanted
};

// May be called from any thread. Never throws because of what is in files.
CaseCheck check_case(const CaseFiles& files, CheckLevel level, bool wants_sums = false);

}  // namespace revunet::io
