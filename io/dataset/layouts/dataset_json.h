// This file reads dataset.json of the Medical Segmentation Decathlon and of nnU-Net: what the channels are, and what
// the numbers in segmentations stand for.
//
// Non-obvious rule: BraTS's modalities and labels, in their usual spellings, are BraTS's task. All others are a task of
// their own.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/case_files.h"

namespace revunet::io {

// A ListedCase has a case's files, as the "dataset" of nnU-Net names them.
struct ListedCase {
  std::vector<std::filesystem::path> images;  // of each channel
  std::filesystem::path label;
};

struct DatasetJson {
  std::vector<int64_t> channel_of;                // for each of the task's modalities
  int64_t channels = 0;                           // in all, which may be more
  LabelProfile labels = LabelProfile::brats();    // one of the named profiles where they are the same
  std::optional<int64_t> training_cases = {};     // numTraining
  std::string task_note = {};                     // what notes say about channels and labels; empty: nothing
  std::map<std::string, ListedCase> listed = {};  // by name; empty: the folders have the cases
};

// Reads <root>/dataset.json. `labels` replace the file's own, and the file must have the channels of their
// task, and may have more. The
// fields (nnU-Net v2; v1 and the Decathlon) are: "channel_names" or "modality": {"0": "FLAIR", ...}; "labels":
// {"oedema": 1, ...} or {"1": "oedema", ...}, or regions {"whole tumour": [1, 2, 3], ...} with "regions_class_order";
// "name"; "numTraining"; "dataset": {CASE: {"images": [FILE, ...], "label": FILE}}, with paths from `root`. Throws
// DataError for missing or damaged JSON, for channels that `labels` do not belong to, as described_task does, and for a
// "file_ending" (nnU-Net) of files other than NIfTI.
DatasetJson read_dataset_json(const std::filesystem::path& root, const std::optional<LabelProfile>& labels);

// Returns the cases that <root>/dataset.json lists, or none, whatever its other fields are. Throws DataError for
// missing or damaged JSON, and for a list that is not as above.
std::map<std::string, ListedCase> read_listed_cases(const std::filesystem::path& root);

}  // namespace revunet::io
