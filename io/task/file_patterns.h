// FilePatterns say how the files of a dataset are named, whatever its folders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace revunet::io {

// A pattern is a path from the dataset's folder, such as "{case}/{case}_t2.nii.gz". {case} is the name of a case, which
// is the same wherever it occurs; * is any letters of a name, and neither goes over a "/". Its ending .nii.gz or .nii
// may be left out, and stands for both.
struct FilePatterns {
  struct Image {
    std::string pattern;
    int64_t frame = 0, frames = 1;  // of a 4-D image that several channels share
    bool operator==(const Image&) const = default;
  };
  std::vector<Image> images;  // of each modality
  std::string segmentation;   // a pattern; empty: there is none

  bool operator==(const FilePatterns&) const = default;
};

// Throws Error for a pattern without {case}, with more than four *, of more than 1,000 letters, that leaves the
// dataset's folder, or with an empty name in it.
void expect_pattern(const std::string& pattern);

// Returns a pattern or path without .nii.gz or .nii, in upper or lower case.
std::string without_image_ending(const std::string& path);

}  // namespace revunet::io
