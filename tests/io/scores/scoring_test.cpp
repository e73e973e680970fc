// Tests what each edition's convention gives where nothing can be measured, and which choices contradict it.
#include "io/scores/scoring.h"

#include <cmath>

#include "engine/error.h"
#include "io/scores/metrics.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"

using namespace revunet;
using namespace revunet::io;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double rounding = 1e-12;  // the last digits of a few operations

struct Expected {
  double dice, hd95, nsd, sensitivity, specificity;
};

void check_score(double got, double expected) {
  if (std::isnan(expected)) {
    CHECK(std::isnan(got));
  } else {
    CHECK(got == near(expected, rounding));
  }
}

void check_scores(const std::vector<uint8_t>& reference, const std::vector<uint8_t>& prediction, Scoring scoring,
                  const Expected& expected) {
  INFO(name_of(scoring));
  ScoreOptions options = score_options_of({.scoring = scoring});
  if (options.masks.nsd_tolerances.empty()) options.masks.nsd_tolerances = {1};
  const MaskMetrics got = compare_masks(reference, prediction, {4, 3, 2}, {1, 1, 1}, options.masks);
  check_score(got.dice, expected.dice);
  check_score(got.hd95, expected.hd95);
  check_score(got.nsd.at(0), expected.nsd);
  check_score(got.sensitivity, expected.sensitivity);
  check_score(got.specificity, expected.specificity);
}

std::string refusal(const ScoringChoice& choice) {
  try {
    score_options_of(choice);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

// BraTS 2021's values are those of its evaluation as metrics_test.cpp has them; 2023's are those of the challenge's
// script (374 for an infinite HD95; sensitivity 1 where both masks are empty, otherwise TP / (TP + FN + the least
// double)); 2026's are those of BraTS-evaluation (brats2026_test.cpp).
TEST_CASE("empty masks are scored by the edition's convention", "[metrics]") {
  const std::vector<uint8_t> empty(24), full(24, 1);
  std::vector<uint8_t> some(24);
  some[5] = some[6] = some[7] = 1;
  using enum Scoring;
  check_scores(empty, empty, brats2021, {1, 0, 1, 1, 1});
  check_scores(empty, empty, brats2023, {1, 0, 1, 1, 1});
  check_scores(empty, empty, brats2026, {not_defined, not_defined, not_defined, not_defined, 1});
  check_scores(empty, empty, brats2026_metastases, {not_defined, not_defined, not_defined, not_defined, 1});
  check_scores(empty, empty, none, {not_defined, not_defined, not_defined, not_defined, 1});

  check_scores(empty, some, brats2021, {0, 373.12866, 0, 1, 21.0 / 24});
  check_scores(empty, some, brats2023, {0, 374, 0, 0, 21.0 / 24});
  check_scores(empty, some, brats2026, {0, 373, 0, not_defined, 21.0 / 24});
  check_scores(empty, some, none, {0, not_defined, not_defined, not_defined, 21.0 / 24});

  check_scores(some, empty, brats2021, {0, 373.12866, 0, 0, 1});
  check_scores(some, empty, brats2023, {0, 374, 0, 0, 1});
  check_scores(some, empty, brats2026, {0, 373, 0, 0, 1});
  check_scores(some, empty, none, {0, not_defined, not_defined, 0, 1});

  check_scores(full, full, brats2021, {1, 0, 1, 1, 1});
  check_scores(full, full, brats2023, {1, 0, 1, 1, 0});
  check_scores(full, full, brats2026, {1, 0, 1, 1, not_defined});
  check_scores(full, full, none, {1, 0, 1, 1, not_defined});
}

TEST_CASE("masks without a common voxel are apart in 2026, and measured by other editions", "[metrics]") {
  std::vector<uint8_t> left(24), right(24);
  left[0] = right[1] = 1;
  check_scores(left, right, Scoring::brats2026, {0, 373, 0, 0, 22.0 / 23});
  for (const Scoring scoring : {Scoring::brats2021, Scoring::brats2023, Scoring::none}) {
    const ScoreOptions options = score_options_of({.scoring = scoring});
    CHECK(compare_masks(left, right, {4, 3, 2}, {2.5, 1, 1}, options.masks).hd95 == 2.5);
  }
}

TEST_CASE("distances of whole masks are in voxels in 2026", "[metrics]") {
  std::vector<uint8_t> one(24), two(24);
  one[0] = two[0] = two[3] = 1;
  const ScoreOptions options = score_options_of({.scoring = Scoring::brats2026});
  const double in_voxels = compare_masks(one, two, {4, 3, 2}, {2.5, 1, 1}, options.masks).hd95;
  CHECK(in_voxels == near(0.9 * 3, rounding));  // numpy.percentile([0, 0, 3], 95)
  const ScoreOptions in_mm = score_options_of({});
  CHECK(compare_masks(one, two, {4, 3, 2}, {2.5, 1, 1}, in_mm.masks).hd95 == near(0.9 * 7.5, rounding));
}

TEST_CASE("an edition brings its definitions, and says what it is", "[metrics]") {
  CHECK(score_options_of({}).masks.hd95 == Hd95::pooled);
  CHECK_FALSE(score_options_of({}).by_lesion());
  CHECK(score_options_of({.lesion_wise = true}).lesions->dilation == 3);
  const ScoreOptions of_2023 = score_options_of({.scoring = Scoring::brats2023, .lesion_dilation = 1});
  CHECK(of_2023.masks.hd95 == Hd95::surfel);
  CHECK((of_2023.lesions->dilation == 1 && of_2023.lesions->min_volume == 50));
  CHECK(score_options_of({.scoring = Scoring::brats2023, .hd95 = Hd95::max}).masks.hd95 == Hd95::max);
  CHECK(score_options_of({.scoring = Scoring::brats2026_metastases}).matched->min_volume == 20);
  CHECK(score_options_of({.scoring = Scoring::brats2026_metastases, .lesion_min_volume = 5}).matched->min_volume == 5);
  CHECK_FALSE(score_options_of({.scoring = Scoring::brats2026}).matched->min_volume.has_value());
  CHECK_THAT(definition_of(Scoring::brats2021),
             ContainsSubstring("scoring brats2021: ") && ContainsSubstring("one empty: Dice 0, HD95 373.12866, NSD 0"));
  CHECK_THAT(definition_of(Scoring::none), ContainsSubstring("both masks empty: Dice not defined"));
  CHECK_THAT(definition_of(Scoring::brats2026), ContainsSubstring("in voxels"));
}

TEST_CASE("a choice that contradicts the edition is refused by its fields", "[metrics]") {
  CHECK_THAT(
      refusal({.scoring = Scoring::brats2026, .hd95 = Hd95::surfel}),
      ContainsSubstring("[`hd95`, `scoring`] expected pooled with brats2026") && ContainsSubstring("got surfel"));
  CHECK(refusal({.scoring = Scoring::brats2026, .hd95 = Hd95::pooled}).empty());
  CHECK_THAT(refusal({.scoring = Scoring::brats2026, .nsd = Nsd::surfel}),
             ContainsSubstring("[`nsd`, `scoring`] expected edge with brats2026") && ContainsSubstring("got surfel"));
  CHECK(refusal({.scoring = Scoring::brats2026, .nsd = Nsd::edge}).empty());
  CHECK_THAT(refusal({.nsd = Nsd::edge}), ContainsSubstring("[`nsd`] expected a tolerance to score NSD at, got none"));
  CHECK(refusal({.nsd = Nsd::edge, .nsd_tolerances = {1}}).empty());
  CHECK_THAT(refusal({.scoring = Scoring::brats2026, .nsd_tolerances = {1}}), ContainsSubstring("[`nsd-tolerance`"));
  CHECK_THAT(refusal({.scoring = Scoring::brats2026, .lesion_wise = true}), ContainsSubstring("[`lesion-wise`"));
  CHECK_THAT(refusal({.scoring = Scoring::brats2026_metastases, .lesion_dilation = 1}),
             ContainsSubstring("`lesion-dilation`") && ContainsSubstring("brats2026-metastases"));
  CHECK_THAT(refusal({.scoring = Scoring::brats2026, .lesion_min_volume = 20}),
             ContainsSubstring("choose brats2026-metastases"));
  CHECK_THAT(refusal({.scoring = Scoring::none, .lesion_wise = true}),
             ContainsSubstring("choose brats2021 or brats2023"));
  CHECK_THAT(refusal({.lesion_dilation = 2}), ContainsSubstring("expected lesions to be scored, got brats2021"));
  for (const ScoringChoice& of_none : {ScoringChoice{.scoring = Scoring::none, .lesion_dilation = 2},
                                       ScoringChoice{.scoring = Scoring::none, .lesion_min_volume = 2}}) {
    CHECK_THAT(refusal(of_none), ContainsSubstring("choose brats2021 or brats2023") && !ContainsSubstring("add"));
  }
}
