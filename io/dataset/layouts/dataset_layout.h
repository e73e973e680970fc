// The layouts of datasets that are read as they are: a row each. All that knows layouts asks this table.
//
// Non-obvious rule: only names are looked at, never an image. To add a layout, write its file, which holds its row, and
// name the row in dataset_layouts.cpp (CONTRIBUTING.md).
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "io/dataset/case_files.h"

namespace revunet::io {

// Paths are absolute, of folders that exist, and end in a name.
struct DatasetLayout {
  const char* name;             // for people
  std::string (*looks_like)();  // for messages: the names of its files and folders

  // Whether the folder is a dataset of this layout. DataError where that cannot be told.
  bool (*is_layout_of)(const std::filesystem::path& folder);
  // Its cases with their files and labels, and all problems. `labels` stand in for what the layout says of them.
  // DataError where no case could be told at all.
  DatasetScan (*scan)(const std::filesystem::path& folder, const std::optional<LabelProfile>& labels);
  // What a folder without cases lacks to be of this layout; empty where it does not come near. null: no folder does.
  std::string (*hint)(const std::filesystem::path& folder);

  // For who looks for segmentations alone: the folder of <case>.nii.gz that `folder` is or holds; none where it has no
  // such folder. null: no dataset has one.
  std::optional<std::filesystem::path> (*segmentations)(const std::filesystem::path& folder);
  // What the numbers in segmentations stand for: by the folder that they lie in, and by a file's name without its
  // ending. None where that says nothing. null: it never does.
  std::optional<LabelProfile> (*labels_of_folder)(const std::filesystem::path& folder);
  std::optional<LabelProfile> (*labels_of_name)(const std::string& stem);
};

// In the order in which they are asked. The last takes any folder.
std::span<const DatasetLayout* const> dataset_layouts();

// What datasets look like, of every layout, for messages.
std::string accepted_layouts();

}  // namespace revunet::io
