// The check of one case: all that is wrong with its files.
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

namespace revunet::io {

enum class CheckLevel {
  none,
  headers,  // headers, grids and lengths of all files, no voxels
  full,
};

// A hash of an image's voxels in BraTS's order: it is equal for equal voxels, whatever the file's name, compression or
// orientation.
struct Fingerprint {
  size_t image;  // of io::modality_names; the segmentation after them
  uint64_t hash;
};

struct CaseCheck {
  CaseReport report;
  std::filesystem::path folder;  // of its first image
  std::vector<Fingerprint>
      fingerprints;  // of a full check, of images that are not constant, segmentations that are not empty
  // How often the segmentation has each number; of a full check, where all of them are whole. Whether its profile has
  // them is told by compare_label_values, as that depends on the other cases.
  std::optional<ValueCounts> label_values;
  LabelProfile profile = LabelProfile::brats();
  std::filesystem::path segmentation;  // empty: none
};

// From any thread. Never throws for what is in files.
CaseCheck check_case(const CaseFiles& files, CheckLevel level);

}  // namespace revunet::io
