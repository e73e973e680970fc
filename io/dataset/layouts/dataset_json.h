// This file reads dataset.json of the Medical Segmentation Decathlon and of nnU-Net: which channel is which modality,
// and which number is which tissue.
//
// Non-obvious rule: names decide, in their usual spellings. A name that is not known is refused, never skipped.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "io/dataset/case_files.h"

namespace revunet::io {

struct DatasetJson {
  std::vector<int64_t> channel_of;              // for each of the task's modalities
  LabelProfile labels = LabelProfile::brats();  // one of the named profiles where they are the same
  std::optional<int64_t> training_cases;        // numTraining
  bool has_channel_names = false;               // nnU-Net's second version
  std::string contradiction = {};               // of the given labels and the file's; empty: there is none
};

// Reads <root>/dataset.json. `labels` replace the file's own, even where those cannot be understood. The fields
// (nnU-Net v2; v1 and the Decathlon) are: "channel_names" or "modality": {"0": "FLAIR", ...}; "labels": {"oedema": 1,
// ...} or {"1": "oedema", ...}, or regions {"whole tumour": [1, 2, 3], "tumour core": [2, 3], "enhancing tumour": [3]}.
// Throws DataError for missing or damaged JSON, for anything but the four modalities once each (with the spellings),
// for labels whose meaning is not known, and for a "file_ending" (nnU-Net) of files other than NIfTI.
DatasetJson read_dataset_json(const std::filesystem::path& root, const std::optional<LabelProfile>& labels);

}  // namespace revunet::io
