// The check of one case: all that is wrong with its files.
//
// Non-obvious rule: images are read one at a time and dropped, so that a thread takes the memory of one file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/dataset.h"
#include "tools/check/findings.h"

namespace revunet::tools {

enum class CheckLevel {
  none,
  headers,  // headers, grids and lengths of all files, no voxels
  full,
};

// Of a modality's voxels in BraTS's order: equal for equal voxels, whatever the file's name, compression or
// orientation.
struct Fingerprint {
  size_t modality;  // of io::modality_names
  uint64_t hash;
};

struct CaseCheck {
  CaseReport report;
  std::vector<Fingerprint> fingerprints;  // of a full check, of images that are not constant
};

// From any thread. Never throws for what is in files.
CaseCheck check_case(const io::CaseFiles& files, CheckLevel level);

}  // namespace revunet::tools
