// dataset.json of the Medical Segmentation Decathlon and of nnU-Net: which channel is which modality, and which number
// which tissue.
//
// Non-obvious rule: names decide, in their usual spellings; one that is not known is refused, never passed over.
#pragma once

#include <array>
#include <filesystem>
#include <optional>

#include "io/dataset/case_files.h"

namespace revunet::io {

struct DatasetJson {
  std::array<int64_t, modality_count> channel_of{};  // of each of modality_names
  LabelProfile labels = LabelProfile::brats();       // one of the named profiles where they are the same
  std::optional<int64_t> training_cases;             // numTraining
  bool has_channel_names = false;                    // nnU-Net's second version
  std::string contradiction = {};                    // of the given labels to the file's own; empty without one
};

// Reads <root>/dataset.json. `labels` stand in for the file's own, also where
// those cannot be understood. Fields (nnU-Net v2; v1 and the Decathlon):
// "channel_names" or "modality": {"0": "FLAIR", ...}; "labels": {"oedema": 1, ...} or {"1": "oedema", ...}, or regions
// {"whole tumour": [1, 2, 3], "tumour core": [2, 3], "enhancing tumour": [3]}. DataError for: no or damaged JSON,
// anything but the four modalities once each (naming the spellings), labels whose meaning is not known, a "file_ending"
// (nnU-Net) of other files than NIfTI.
DatasetJson read_dataset_json(const std::filesystem::path& root, const std::optional<LabelProfile>& labels);

}  // namespace revunet::io
