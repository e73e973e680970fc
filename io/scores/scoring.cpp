#include "io/scores/scoring.h"

#include <cmath>

#include <fmt/format.h>

#include "engine/error.h"
#include "io/task/brats_task.h"

namespace revunet::io {
namespace {

enum class LesionScoring {
  on_request,                 // as BraTS 2023, where they are asked for
  always,                     // as BraTS 2023
  matched,                    // over pairs
  matched_counting_unmatched  // over pairs, and over what has no partner
};

struct Edition {
  Scoring scoring;
  std::string_view name;
  UnmeasuredValues unmeasured;
  bool in_voxels;  // distances of whole masks are in voxels, whatever the spacing
  Hd95 hd95;
  Nsd nsd;
  std::vector<double> nsd_tolerances;  // of the edition itself; none: as asked for
  LesionScoring lesions;
};

// The values are those of docs/evaluation.md's table, which says where each comes from.
const std::vector<Edition>& editions() {
  const UnmeasuredValues of_2021 = {};
  const UnmeasuredValues of_2023 = {
      .hd95_one_empty = 374, .sensitivity_reference_empty = 0, .specificity_reference_full = 0};
  const UnmeasuredValues of_2026 = {.dice_both_empty = not_defined,
                                    .hd95_both_empty = not_defined,
                                    .nsd_both_empty = not_defined,
                                    .hd95_one_empty = hd95_of_unmatched_in_2026,
                                    .sensitivity_both_empty = not_defined,
                                    .sensitivity_reference_empty = not_defined,
                                    .specificity_reference_full = not_defined,
                                    .apart_is_one_empty = true};
  const UnmeasuredValues nothing = {.dice_both_empty = not_defined,
                                    .hd95_both_empty = not_defined,
                                    .nsd_both_empty = not_defined,
                                    .hd95_one_empty = not_defined,
                                    .nsd_one_empty = not_defined,
                                    .sensitivity_both_empty = not_defined,
                                    .sensitivity_reference_empty = not_defined,
                                    .specificity_reference_full = not_defined};
  constexpr double half_a_voxel = 0.5;
  static const std::vector<Edition> all = {
      {Scoring::brats2021, "brats2021", of_2021, false, Hd95::pooled, Nsd::surfel, {}, LesionScoring::on_request},
      {Scoring::brats2023, "brats2023", of_2023, false, Hd95::surfel, Nsd::surfel, {}, LesionScoring::always},
      {Scoring::brats2026, "brats2026", of_2026, true, Hd95::pooled, Nsd::edge, {half_a_voxel}, LesionScoring::matched},
      {Scoring::brats2026_metastases,
       "brats2026-metastases",
       of_2026,
       true,
       Hd95::pooled,
       Nsd::edge,
       {half_a_voxel},
       LesionScoring::matched_counting_unmatched},
      {Scoring::none, "none", nothing, false, Hd95::pooled, Nsd::surfel, {}, LesionScoring::on_request}};
  return all;
}

const Edition& edition_of(Scoring scoring) {
  for (const Edition& edition : editions()) {
    if (edition.scoring == scoring) return edition;
  }
  throw Error("[edition_of] expected a scoring, got another number; pass one of the enumeration");
}

std::string text_of(double value) {
  return std::isnan(value) ? "not defined" : fmt::format("{}", value);
}

bool is_matched(const Edition& edition) {
  return edition.lesions == LesionScoring::matched || edition.lesions == LesionScoring::matched_counting_unmatched;
}

// Refuses what an edition with matched lesions has fixed.
void expect_as_fixed(const Edition& edition, const ScoringChoice& choice) {
  REVUNET_EXPECTS(choice.hd95.value_or(edition.hd95) == edition.hd95, UsageError,
                  "[`hd95`, `scoring`] expected {} with {}, which is how this edition defines HD95, got {}; leave it "
                  "out, or choose another scoring",
                  name_of(edition.hd95), edition.name, name_of(*choice.hd95));
  REVUNET_EXPECTS(
      choice.nsd.value_or(edition.nsd) == edition.nsd, UsageError,
      "[`nsd`, `scoring`] expected {} with {}, which is how this edition defines NSD, got {}; leave it out, "
      "or choose another scoring",
      name_of(edition.nsd), edition.name, name_of(*choice.nsd));
  REVUNET_EXPECTS(
      choice.nsd_tolerances.empty(), UsageError,
      "[`nsd-tolerance`, `scoring`] expected no tolerance with {}, which has its own (half a voxel, and the "
      "smallest spacing for lesions), got one; leave it out, or choose another scoring",
      edition.name);
  REVUNET_EXPECTS(!choice.lesion_wise && !choice.lesion_dilation, UsageError,
                  "[`lesion-wise`, `lesion-dilation`, `scoring`] expected neither with {}, which matches lesions "
                  "without dilating them, got one; leave it out, or choose another scoring",
                  edition.name);
  REVUNET_EXPECTS(
      !choice.lesion_min_volume || edition.lesions == LesionScoring::matched_counting_unmatched, UsageError,
      "[`lesion-min-volume`, `scoring`] expected no volume with {}, which scores pairs of any size, got {}; "
      "leave it out, or choose brats2026-metastases",
      edition.name, choice.lesion_min_volume.value_or(0));
}

}  // namespace

std::vector<Scoring> all_scorings() {
  std::vector<Scoring> all;
  for (const Edition& edition : editions()) all.push_back(edition.scoring);
  return all;
}

std::string_view name_of(Scoring scoring) {
  return edition_of(scoring).name;
}

Scoring scoring_of(const Task& task) {
  return is_brats(task) ? Scoring::brats2021 : Scoring::none;
}

std::string definition_of(Scoring scoring) {
  const Edition& edition = edition_of(scoring);
  const UnmeasuredValues& u = edition.unmeasured;
  std::string text = fmt::format(
      "scoring {}: both masks empty: Dice {}, HD95 {}, NSD {}, sensitivity {}; one {}: Dice 0, HD95 {}, NSD {}; "
      "sensitivity where only the reference is empty: {}; specificity where the reference fills the image: {}",
      edition.name, text_of(u.dice_both_empty), text_of(u.hd95_both_empty), text_of(u.nsd_both_empty),
      text_of(u.sensitivity_both_empty), u.apart_is_one_empty ? "empty, or no voxel in common" : "empty",
      text_of(u.hd95_one_empty), text_of(u.nsd_one_empty), text_of(u.sensitivity_reference_empty),
      text_of(u.specificity_reference_full));
  if (edition.in_voxels) text += "; distances of whole masks are in voxels, those of lesions in mm";
  return text;
}

ScoreOptions score_options_of(const ScoringChoice& choice) {
  const Edition& edition = edition_of(choice.scoring.value_or(Scoring::brats2021));
  ScoreOptions options{.scoring = edition.scoring};
  options.masks = {.hd95 = choice.hd95.value_or(edition.hd95),
                   .nsd = choice.nsd.value_or(edition.nsd),
                   .nsd_tolerances = choice.nsd_tolerances.empty() ? edition.nsd_tolerances : choice.nsd_tolerances,
                   .in_voxels = edition.in_voxels,
                   .unmeasured = edition.unmeasured};
  REVUNET_EXPECTS(
      !choice.nsd || !options.masks.nsd_tolerances.empty(), UsageError,
      "[`nsd`] expected a tolerance to score NSD at, got none with {}; add `nsd-tolerance`, or leave out the "
      "definition",
      edition.name);
  if (is_matched(edition)) {
    expect_as_fixed(edition, choice);
    options.matched = MatchedLesionRules{};
    if (edition.lesions == LesionScoring::matched_counting_unmatched) {
      options.matched->min_volume = choice.lesion_min_volume.value_or(min_volume_of_metastases);
    }
    return options;
  }
  const bool lesion_rules = choice.lesion_dilation || choice.lesion_min_volume;
  REVUNET_EXPECTS(edition.scoring != Scoring::none || !(choice.lesion_wise || lesion_rules), UsageError,
                  "[`lesion-wise`, `lesion-dilation`, `lesion-min-volume`, `scoring`] expected a scoring that gives "
                  "missed lesions a distance, got none; choose brats2021 or brats2023");
  const bool by_lesion = choice.lesion_wise || edition.lesions == LesionScoring::always;
  REVUNET_EXPECTS(by_lesion || !lesion_rules, UsageError,
                  "[`lesion-dilation`, `lesion-min-volume`] expected lesions to be scored, got {} without them; add "
                  "`lesion-wise`, or choose brats2023",
                  edition.name);
  if (by_lesion) {
    const LesionRules defaults;
    options.lesions = LesionRules{.dilation = static_cast<int>(choice.lesion_dilation.value_or(defaults.dilation)),
                                  .min_volume = choice.lesion_min_volume.value_or(defaults.min_volume)};
  }
  return options;
}

}  // namespace revunet::io
