// Datasets of a task that says how their files are named can have any folders (io/task/file_patterns.h).
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "io/dataset/label_profile.h"

namespace revunet::io {

// Returns the segmentations below a folder by the patterns of the labels' task, by case. There are none where the task
// has no patterns, and where no file has such a name. Throws DataError for two of one case.
std::map<std::string, std::filesystem::path> segmentations_by_pattern(const std::filesystem::path& folder,
                                                                      const LabelProfile& labels);

}  // namespace revunet::io
