// A Finding is what a check of a dataset finds, and how severe it is.
//
// Non-obvious rule: a warning is for what is read correctly but should be known (spacings, orientations, which of two).
// All else is a violation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/nifti/nifti.h"
#include "io/preprocessing/preprocessing.h"
#include "io/task/task.h"

namespace revunet::io {

enum class FindingKind {
  // These are violations.
  missing,     // a file, or a case
  layout,      // a name, link or folder that does not fit the layout
  unreadable,  // not a NIfTI image, damaged, truncated
  shape,       // other voxels or frames than the case's first image
  affine,      // other places in the world
  non_finite,  // NaN or infinite voxels
  empty,       // zero everywhere
  constant,    // one value wherever it is not zero
  labels,      // values that the label profile lacks, or that no profile has
  duplicate,   // the voxels of another image, of the same patient
  leakage,     // the voxels of another patient's image
  // These are warnings.
  spacing,        // other than 1 mm
  qform,          // contradicts the sform, which is used
  orientation,    // other than BraTS's, or unknown
  skew,           // axes that are not at right angles
  tolerated,      // what the standard forbids and is read all the same
  background,     // a value other than 0 around the body
  regions,        // a region of the tumour that no case has
  convention,     // numbers of segmentations that may stand for something else
  field_of_view,  // it cuts cases, or is mostly padding
};
const char* name_of(FindingKind kind);
bool is_warning(FindingKind kind);

struct Finding {
  FindingKind kind;
  std::string message;  // as an error's: [file] expected ..., got ...; what to do
};

struct CheckedCase {
  std::string name;
  std::optional<Grid> grid;  // of the first image that can be read
  TaskPointer task;
  std::string labels;  // the profile's name
  bool segmented = false;
  std::optional<std::vector<int64_t>> region_voxels;  // of each of the task's regions; from a full check
  std::optional<Size3> nonzero = {};  // extent of the voxels that are not zero, as BraTS's axes lie; from a full check
  int64_t readable_files = 0;
  std::vector<Finding> findings;
};

struct CheckedDataset {
  std::string data, layout;
  std::vector<CheckedCase> cases;           // by name
  std::vector<Finding> findings;            // about no single case
  std::vector<std::string> left_out = {};   // folders without any image
  std::vector<std::string> respelled = {};  // as io::DatasetScan's
  std::vector<std::string> notes = {};      // as io::notes_of

  int64_t count(bool warnings) const;  // number of warnings or of violations
};

}  // namespace revunet::io
