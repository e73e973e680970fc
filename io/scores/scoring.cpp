#include "io/scores/scoring.h"

#include <cmath>

#include <fmt/format.h>

#include "engine/error.h"

namespace revunet::io {
namespace {

enum class LesionScoring {
  on_request,                 // as BraTS 2023, where they are asked for
  always,                     // as BraTS 2023
  matched,                    // over pairs
  matched_counting_unmatched  // over pairs, and over what has no partner
};

struct Convention {
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
const std::vector<Convention>& conventions() {
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
  static const std::vector<Convention> all = {
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

const Convention& convention_of(Scoring scoring) {
  for (const Convention& convention : conventions()) {
    if (convention.scoring == scoring) return convention;
  }
  throw Error("[convention_of] expected a scoring, got another number; pass one of the enumeration");
}

std::string text_of(double value) {
  return std::isnan(value) ? "not defined" : fmt::format("{}", value);
}

bool is_matched(const Convention& convention) {
  return convention.lesions == LesionScoring::matched ||
         convention.lesions == LesionScoring::matched_counting_unmatched;
}

// Refuses what an edition with matched lesions has fixed.
void expect_as_fixed(const Convention& convention, const ScoringChoice& choice) {
  REVUNET_EXPECTS(choice.hd95.value_or(convention.hd95) == convention.hd95, UsageError,
                  "[`hd95`, `scoring`] expected {} with {}, which is how this edition defines HD95, got {}; leave it "
                  "out, or choose another scoring",
                  name_of(convention.hd95), convention.name, name_of(*choice.hd95));
  REVUNET_EXPECTS(
      choice.nsd_tolerances.empty(), UsageError,
      "[`nsd-tolerance`, `scoring`] expected no tolerance with {}, which has its own (half a voxel, and the "
      "smallest spacing for lesions), got one; leave it out, or choose another scoring",
      convention.name);
  REVUNET_EXPECTS(!choice.lesion_wise && !choice.lesion_dilation, UsageError,
                  "[`lesion-wise`, `lesion-dilation`, `scoring`] expected neither with {}, which matches lesions "
                  "without dilating them, got one; leave it out, or choose another scoring",
                  convention.name);
  REVUNET_EXPECTS(
      !choice.lesion_min_volume || convention.lesions == LesionScoring::matched_counting_unmatched, UsageError,
      "[`lesion-min-volume`, `scoring`] expected no volume with {}, which scores pairs of any size, got {}; "
      "leave it out, or choose brats2026-metastases",
      convention.name, choice.lesion_min_volume.value_or(0));
}

}  // namespace

std::string_view name_of(Scoring scoring) {
  return convention_of(scoring).name;
}

std::string definition_of(Scoring scoring) {
  const Convention& convention = convention_of(scoring);
  const UnmeasuredValues& u = convention.unmeasured;
  std::string text = fmt::format(
      "scoring {}: both masks empty: Dice {}, HD95 {}, NSD {}, sensitivity {}; one {}: Dice 0, HD95 {}, NSD {}; "
      "sensitivity where only the reference is empty: {}; specificity where the reference fills the image: {}",
      convention.name, text_of(u.dice_both_empty), text_of(u.hd95_both_empty), text_of(u.nsd_both_empty),
      text_of(u.sensitivity_both_empty), u.apart_is_one_empty ? "empty, or no voxel in common" : "empty",
      text_of(u.hd95_one_empty), text_of(u.nsd_one_empty), text_of(u.sensitivity_reference_empty),
      text_of(u.specificity_reference_full));
  if (convention.in_voxels) text += "; distances of whole masks are in voxels, those of lesions in mm";
  return text;
}

ScoreOptions score_options_of(const ScoringChoice& choice) {
  const Convention& convention = convention_of(choice.scoring);
  ScoreOptions options{.scoring = choice.scoring};
  options.masks = {.hd95 = choice.hd95.value_or(convention.hd95),
                   .nsd = choice.nsd.value_or(convention.nsd),
                   .nsd_tolerances = choice.nsd_tolerances.empty() ? convention.nsd_tolerances : choice.nsd_tolerances,
                   .in_voxels = convention.in_voxels,
                   .unmeasured = convention.unmeasured};
  if (is_matched(convention)) {
    expect_as_fixed(convention, choice);
    options.matched = MatchedLesionRules{};
    if (convention.lesions == LesionScoring::matched_counting_unmatched) {
      options.matched->least_volume = choice.lesion_min_volume.value_or(least_volume_of_metastases);
    }
    return options;
  }
  REVUNET_EXPECTS(
      !(choice.lesion_wise && choice.scoring == Scoring::none), UsageError,
      "[`lesion-wise`, `scoring`] expected a scoring that gives missed lesions a distance, got none; choose "
      "brats2021 or brats2023");
  const bool by_lesion = choice.lesion_wise || convention.lesions == LesionScoring::always;
  REVUNET_EXPECTS(by_lesion || !(choice.lesion_dilation || choice.lesion_min_volume), UsageError,
                  "[`lesion-dilation`, `lesion-min-volume`] expected lesions to be scored, got {} without them; add "
                  "`lesion-wise`, or choose brats2023",
                  convention.name);
  if (by_lesion) {
    const LesionRules defaults;
    options.lesions = LesionRules{.dilation = static_cast<int>(choice.lesion_dilation.value_or(defaults.dilation)),
                                  .min_volume = choice.lesion_min_volume.value_or(defaults.min_volume)};
  }
  return options;
}

}  // namespace revunet::io
