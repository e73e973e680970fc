// Which cases revunet-predict works on: all of a dataset or the one of loose files, without those that are predicted
// already and, where asked to, without those that cannot be.
//
// Rule: a case is predicted, found there, or told at the end with its reason; none is dropped in silence.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/check/check.h"
#include "models/inference/prediction.h"
#include "tools/predict/loose_files.h"

namespace revunet::tools {

struct SelectionOptions {
  std::filesystem::path data, out;  // data empty: the loose files
  LooseFiles loose;
  std::optional<io::LabelProfile> labels;
  io::MissingModality missing = io::MissingModality::refused;
  io::CheckLevel check = io::CheckLevel::full;
  bool probabilities = false, overlay = false;  // what is written
  bool skip_existing = false, skip_bad = false;
  io::OnNote on_note = {};  // is told the notes of the dataset
};

// A case that cannot be predicted, and why.
struct BadCase {
  std::string name, reason;
};

struct Selection {
  std::vector<io::CaseFiles> cases;  // to predict
  std::vector<PredictionFiles> files;
  std::vector<std::string> existing;  // names of cases that are left as they are
  std::vector<std::string> damaged;   // what is wrong with files that are made again
  std::vector<BadCase> bad;           // none without skip_bad
  size_t count = 0;                   // of all cases, also those that are not predicted
};

// By names and by what lies in the folder for predictions. DataError as io::find_cases, for problems of cases that are
// not to be skipped, and as existing_prediction; UsageError as prediction_files, case_of and, unless predictions that
// exist are to be skipped, expect_new.
Selection select_cases(const SelectionOptions& options);

// Checks the cases that are selected, warnings on stderr. DataError as expect_sound, or the bad ones become bad cases.
void check_selection(Selection& selection, const SelectionOptions& options);

// The cases with their reasons, a line each.
std::string list_of(const std::vector<BadCase>& bad);

}  // namespace revunet::tools
