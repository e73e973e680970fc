#include "io/scores/score_definitions.h"

#include <fmt/format.h>

namespace revunet::io {
namespace {

std::string lesion_definition(const LesionRules& rules) {
  return fmt::format(
      "lesion-wise: mean over reference lesions and false positives, those unmatched at Dice 0, NSD 0 and HD95 {} mm; "
      "the reference dilated {} times, lesions of {} mm^3 or less not scored: they are ignored, neither found nor "
      "missed",
      hd95_of_unmatched_lesion, rules.dilation, rules.min_volume);
}

std::string lesion_definition(const MatchedLesionRules& rules) {
  const std::string means =
      rules.min_volume
          ? fmt::format(
                "mean over reference lesions of {} mm^3 or more and over false positives, those without a partner "
                "at Dice 0, NSD 0 and HD95 {} mm; smaller lesions are ignored there, but counted as found or missed",
                *rules.min_volume, hd95_of_unmatched_in_2026)
          : fmt::format(
                "mean over pairs; where there is no pair: Dice 0, NSD 0, HD95 {} mm; without any lesion: not defined",
                hd95_of_unmatched_in_2026);
  return fmt::format(
      "lesion-wise: {}; 26-connected components matched one to one by the largest sum of Dice; HD95 {} in mm; "
      "NSD {} at the smallest spacing",
      means, name_of(Hd95::pooled), name_of(Nsd::edge));
}

}  // namespace

std::vector<ScoreDefinition> definitions_of(const ScoreOptions& options) {
  std::vector<ScoreDefinition> all = {
      {"scoring_definition", definition_of(options.scoring)},
      {"hd95_definition",
       fmt::format("HD95 in {}: {}", options.masks.in_voxels ? "voxels" : "mm", definition_of(options.masks.hd95))}};
  if (!options.masks.nsd_tolerances.empty()) {
    all.push_back({"nsd_definition", fmt::format("NSD: {}", definition_of(options.masks.nsd))});
  }
  if (options.lesions) all.push_back({"lesion_definition", lesion_definition(*options.lesions)});
  if (options.matched) all.push_back({"lesion_definition", lesion_definition(*options.matched)});
  return all;
}

}  // namespace revunet::io
