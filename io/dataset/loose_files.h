// Four images that lie anywhere make a case in place of a dataset.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/dataset/dataset.h"

namespace revunet::io {

struct LooseFiles {
  std::vector<std::filesystem::path> images;  // of the task's modalities; empty: not given
  std::string name;                           // empty: what the files' names share

  bool any() const;
};

// Throws UsageError for an image that was not given, unless missing ones are allowed, for one given twice, and where
// the names of the files share nothing and no name is given. Throws DataError for a file that cannot be read. Errors
// name the fields t1, t1ce, t2, flair, name and missing-modality.
CaseFiles case_of(const LooseFiles& files, const std::optional<LabelProfile>& labels, MissingModality missing);

// Returns what the files of a case have in common: the words with which their names begin (P7_t1.nii.gz,
// P7_flair.nii.gz), otherwise those with which they end (t1_P7.nii.gz), otherwise the name of the folder that all of
// them lie in. The word for the modality is not part of it. Returns an empty text where they have nothing in common.
std::string common_name(std::span<const std::filesystem::path> images);

}  // namespace revunet::io
