// This file selects the cases to predict: all of a dataset, or the one made of loose files, without those that are
// predicted already and, where asked to, without bad ones.
//
// Rule: a case is predicted, or found predicted, or reported at the end with its reason. None is dropped silently.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/check/check.h"
#include "io/dataset/loose_files.h"
#include "models/inference/prediction.h"

namespace revunet {

struct SelectionOptions {
  std::filesystem::path data, out;  // data empty: the loose files
  io::LooseFiles loose;
  io::TaskPointer task = io::brats_task();  // of the networks
  std::optional<io::LabelProfile> labels;
  io::MissingModality missing = io::MissingModality::refused;
  io::CheckLevel check = io::CheckLevel::full;
  bool probabilities = false, overlay = false;  // which files are written
  bool skip_existing = false, skip_bad = false;
  io::OnNote on_note = {};     // called with the notes of the dataset
  io::OnNote on_warning = {};  // called with the warnings of the check
};

// A BadCase is a case that cannot be predicted, with the reason.
struct BadCase {
  std::string name, reason;
};

struct Selection {
  std::vector<io::CaseFiles> cases;  // to predict
  std::vector<PredictionFiles> files;
  std::vector<std::string> existing;  // names of cases that are not changed
  std::vector<std::string> damaged;   // what is wrong with files that are made again
  std::vector<BadCase> bad;           // none without skip_bad
  size_t count = 0;                   // number of all cases, including those that are not predicted
};

// Selects by names and by what lies in the folder for predictions. Throws DataError as io::find_cases does, for
// problems of cases that must not be skipped, for cases of another task, and as existing_prediction does. Throws
// UsageError as prediction_files, io::case_of and, unless existing predictions are to be skipped, expect_new do.
Selection select_cases(const SelectionOptions& options);

// Checks the cases that are selected. Makes the bad ones bad cases or, without skip_bad, throws DataError for them.
void check_selection(Selection& selection, const SelectionOptions& options, const io::OnProgress& progress = {});

// Leaves out the cases that are bad ones.
void leave_out_bad(Selection& selection);

// Returns the cases with their reasons, one line each.
std::string list_of(const std::vector<BadCase>& bad);

}  // namespace revunet
