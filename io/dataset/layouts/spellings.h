// This file knows the names that modalities and segmentations have in datasets of all kinds: in a dataset.json and in
// names of files.
//
// Non-obvious rule: a name that is not known is never guessed at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/dataset/case_files.h"

namespace revunet::io {

using Spellings = std::vector<std::string>;  // as plain() makes them; the first is what messages show

// Returns lower-case letters and digits, in American spelling: "Whole tumour" -> "wholetumor".
std::string plain(const std::string& name);
// Returns whether the name is one of the spellings once it is plain.
bool has(const Spellings& spellings, const std::string& name);

// Returns the index among BraTS's modalities: "T1-Gd" gives 1.
std::optional<size_t> modality_of_name(const std::string& name);
// Returns whether a file of labels has this name: "seg", "Segmentation", "label".
bool is_name_of_segmentation(const std::string& name);
// Returns "t1/t1w/t1n, t1ce/...".
std::string accepted_modalities();

}  // namespace revunet::io
