// These functions predict segmentations of whole cases, and write them on the cases' own grids.
//
// Non-obvious rule: a file counts as done only when it was read back and found equal to what was meant to be in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "io/dataset/dataset.h"
#include "io/preprocessing/preprocessing.h"
#include "models/inference/component_filter.h"
#include "models/inference/ensemble.h"
#include "models/inference/sliding_window.h"

namespace revunet {

struct PredictionFiles {
  std::filesystem::path labels;                        // <out>/<case>.nii.gz: uint8, values as the case's profile has
  std::optional<std::filesystem::path> probabilities;  // <out>/<case>_probabilities.nii.gz: float32, a frame per output
  std::optional<std::filesystem::path> overlay;        // <out>/<case>.png: the regions over images, on three planes
};

// Returns the files of each case, in the cases' order. Throws UsageError with the name of a file that two cases would
// write.
std::vector<PredictionFiles> prediction_files(const std::vector<io::CaseFiles>& cases, const std::filesystem::path& out,
                                              bool probabilities, bool overlay = false);
// Throws UsageError with the name of a file that exists already.
void expect_new(const std::vector<PredictionFiles>& files);

struct PredictionOptions {
  std::optional<io::VolumeSize>
      size;                        // the field of view; none: the case's own box, padded to a window (needs windows)
  std::optional<Windows> windows;  // none: one pass over the field of view
  ComponentFilter filter;
  // Called after each pass of a network over a field of view or window, with the number of passes done and the number
  // that the case takes.
  std::function<void(int64_t done, int64_t count)> on_pass = [](int64_t, int64_t) {};
};

struct PredictedCase {
  std::vector<int64_t> region_voxels;  // of each region of the task
  io::Size3 size{};                    // of the field of view
  io::Size3 cut{};                     // voxels of the case's box outside it along each axis, which get label 0
};

// A LoadedCase is a case in memory, as the network sees it and as its files have it.
struct LoadedCase {
  io::CaseVolumes volumes;  // on the grid of the files
  io::Size3 resampled{};    // voxels of the whole volume as the network sees it, at the task's spacing
  io::Size3 size{};         // of the field of view, in those voxels
  io::Preprocessed input;   // of that size
  io::LabelProfile labels;
};

// Reads a case. Throws DataError as io::load_case, io::resampled_case and io::preprocess do.
LoadedCase load_for_prediction(const io::CaseFiles& c, const PredictionOptions& options);

// Predicts a case and writes its files, with the header of the case's first modality (qform, sform and units kept), in
// the orientation of the case's files and with the values of its label profile. Where the network sees another spacing
// than the files', probabilities are interpolated linearly to their grid, and labels follow. Probabilities are the
// network's, because the filter is for labels only. A segmentation that was read is only drawn next to the prediction
// in the overlay. Throws NonFiniteError with the case's name before anything is written, and DataError for files that
// cannot be written or that read back differently.
PredictedCase predict_case(const Ensemble& ensemble, const LoadedCase& c, const PredictionOptions& options,
                           const PredictionFiles& files);

}  // namespace revunet
