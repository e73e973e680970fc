// This file has the conventions by which editions of the BraTS challenge score masks, one row for each edition.
//
// Non-obvious rule: an edition gives a value to what cannot be measured, such as a distance to an empty mask. A value
// that it leaves undefined is NaN here. Reports leave NaN out of means, and count what is defined.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/scores/lesions.h"
#include "io/scores/matched_lesions.h"
#include "io/task/task.h"

namespace revunet::io {

enum class Scoring { brats2021, brats2023, brats2026, brats2026_metastases, none };

// Returns all of them, in the order of the rows.
std::vector<Scoring> all_scorings();

// Returns "brats2021", "brats2023", "brats2026", "brats2026-metastases" or "none".
std::string_view name_of(Scoring scoring);

// Returns the edition by which a task is scored where none is chosen: brats2021 for the tasks of BraTS. It is none for
// other tasks, because the distance that BraTS gives to a missed region is the diagonal of its own images.
Scoring scoring_of(const Task& task);

// Returns a sentence for reports, made from the values of the row.
std::string definition_of(Scoring scoring);

struct ScoreOptions {
  Scoring scoring = Scoring::brats2021;
  MaskRules masks = {};                            // of whole masks, and of lesions where `lesions` is there
  std::optional<LesionRules> lesions = {};         // lesions of BraTS 2023
  std::optional<MatchedLesionRules> matched = {};  // lesions of BraTS 2026; never with the others

  bool by_lesion() const { return lesions || matched; }
};

// ScoringChoice has what a user may choose. What is not chosen is as the edition has it.
struct ScoringChoice {
  std::optional<Scoring> scoring = {};  // none: brats2021, unless the caller sets scoring_of the task
  std::optional<Hd95> hd95 = {};
  std::optional<Nsd> nsd = {};
  std::vector<double> nsd_tolerances = {};  // mm; none: as the edition has it
  bool lesion_wise = false;  // asks for lesions of BraTS 2023 where the edition does not score them anyway
  std::optional<int64_t> lesion_dilation = {};   // times
  std::optional<double> lesion_min_volume = {};  // mm^3
};

// Throws UsageError, with the fields, for a choice that contradicts the edition, and for one that it does not use.
ScoreOptions score_options_of(const ScoringChoice& choice);

}  // namespace revunet::io
