// This table has a row for each layout of datasets that is read as it is. All code that needs layouts uses this table.
//
// Non-obvious rule: only names are looked at, never an image. To add a layout, write its file, which holds its row, and
// name it in io/CMakeLists.txt (CONTRIBUTING.md).
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/dataset/case_files.h"

namespace revunet::io {

// Paths are absolute, belong to folders that exist, and end in a name.
struct DatasetLayout {
  const char* name;             // for people
  const char* datasets;         // for help: whose datasets have it, as part of a sentence
  std::string (*looks_like)();  // for messages: the names of its files and folders

  // Returns whether the folder is a dataset of this layout. `labels` are given by the user, or
  // are those of a network's task, which then says what the channels are.
  // Throws DataError where that cannot be told.
  bool (*is_layout_of)(const std::filesystem::path& folder, const std::optional<LabelProfile>& labels);
  // Returns its cases with their files and labels, and all problems. `labels` replace what the layout says about them.
  // Throws DataError where no case could be found out at all.
  DatasetScan (*scan)(const std::filesystem::path& folder, const std::optional<LabelProfile>& labels);
  // Returns what a folder without cases lacks to be of this layout, or an empty text where it does not come near. null:
  // no folder comes near.
  std::string (*hint)(const std::filesystem::path& folder);

  // Serves those who look only for segmentations. Returns the folder of <case>.nii.gz that `folder` is or holds, or
  // none where there is no such folder. null: no dataset has one.
  std::optional<std::filesystem::path> (*segmentations)(const std::filesystem::path& folder);
  // These return what the numbers in segmentations stand for, by the folder that they lie in, and by a file's name
  // without its ending. They return none where that says nothing. null: it never does.
  std::optional<LabelProfile> (*labels_of_folder)(const std::filesystem::path& folder);
  std::optional<LabelProfile> (*labels_of_name)(const std::string& stem);
};

// Returns the layouts in the order in which they are asked. The last one takes any folder.
std::span<const DatasetLayout* const> dataset_layouts();

// Returns whose datasets they are, in that order.
std::vector<std::string> known_datasets();

// Says for messages what datasets of every layout look like.
std::string accepted_layouts();

}  // namespace revunet::io
