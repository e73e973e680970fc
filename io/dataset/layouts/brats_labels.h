// This file knows what BraTS's tissues and regions are called in a dataset.json.
//
// Non-obvious rule: names decide, in their usual spellings. A name that is not known is never skipped.
#pragma once

#include <optional>
#include <vector>

#include "io/dataset/label_profile.h"
#include "io/dataset/layouts/json_labels.h"

namespace revunet::io {

// Returns what the numbers stand for, as one of the named profiles where they are the same. Returns nothing for labels
// that are not BraTS's: the tissues {"oedema": 1, ...}, or the regions {"whole tumour": [1, 2, 3], "tumour core": [2,
// 3], "enhancing tumour": [3]}.
std::optional<LabelProfile> brats_profile(const std::vector<NamedValues>& labels);

}  // namespace revunet::io
