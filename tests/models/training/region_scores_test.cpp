// Tests the score that weights are chosen by: regions that a case lacks do not affect it.
#include "models/training/region_scores.h"

#include "io/task/brats_task.h"
#include "models/training/report/run_log.h"
#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::vector<uint8_t> kHealthy = {0, 0}, kOedema = {0, 2}, kCore = {1, 2}, kAll = {4, 0};

}  // namespace

TEST_CASE("a case is scored in the regions that its reference has", "[train]") {
  const RegionValues dice = {0.5, 0.25, 1};
  CHECK(scores_of_case(*io::brats_task(), kHealthy, dice) == RegionScores(3));
  CHECK(scores_of_case(*io::brats_task(), kOedema, dice) == RegionScores{0.5, std::nullopt, std::nullopt});
  CHECK(scores_of_case(*io::brats_task(), kCore, dice) == RegionScores{0.5, 0.25, std::nullopt});
  CHECK(scores_of_case(*io::brats_task(), kAll, dice) == RegionScores{0.5, 0.25, 1.0});
}

TEST_CASE("a network that finds nothing is not chosen before one that finds some", "[train]") {
  // Only the first of three cases has ET. One network predicts nothing, which gives Dice 1 where there is nothing.
  const auto score = [](const RegionValues& first, const RegionValues& others) {
    const std::vector<RegionScores> cases = {scores_of_case(*io::brats_task(), kAll, first),
                                             scores_of_case(*io::brats_task(), kCore, others),
                                             scores_of_case(*io::brats_task(), kCore, others)};
    return mean_over_regions(mean_over_cases(cases));
  };
  CHECK(score({0, 0, 0}, {0, 0, 1}) == 0.0);
  CHECK(*score({0.6, 0.3, 0.3}, {0.3, 0.15, 0}) == Approx((0.4 + 0.2 + 0.3) / 3));  // 0.3 of ET over one case
}

TEST_CASE("a region that no case has takes no part in the mean, and no region at all has none", "[train]") {
  const std::vector<RegionScores> cases = {scores_of_case(*io::brats_task(), kOedema, {0.25, 1, 1}),
                                           scores_of_case(*io::brats_task(), kOedema, {0.75, 1, 1}),
                                           scores_of_case(*io::brats_task(), kHealthy, {1, 1, 1})};
  CHECK(mean_over_cases(cases) == RegionScores{0.5, std::nullopt, std::nullopt});
  CHECK(mean_over_regions(mean_over_cases(cases)) == 0.5);
  CHECK(mean_over_regions(mean_over_cases({})) == std::nullopt);
  CHECK_THAT(describe_choice(*io::brats_task(), {3, 2, 0}, 4),
             ContainsSubstring("WT 3, TC 2, ET 0 of 4; ET takes no part"));
  CHECK_THAT(describe_choice(*io::brats_task(), {0, 0, 0}, 4), ContainsSubstring("lowest loss: none of the 4 cases"));
  CHECK_THAT(describe_choice(*io::brats_task(), {0, 0, 0}, 0), ContainsSubstring("lowest loss: no case validates"));
}

TEST_CASE("the best epoch of a log goes by the regions that it has, and without any by the loss", "[train][report]") {
  const auto log_of = [](const std::vector<std::pair<double, RegionScores>>& epochs) {
    std::string csv = csv_header(*io::brats_task());
    int64_t epoch = 0;
    for (const auto& [loss, dice] : epochs) {
      EpochRecord record;
      record.task = io::brats_task();
      record.epoch = record.step = ++epoch;
      record.loss = {loss, 0, 0};
      record.dice = dice;
      csv += csv_row(record);
    }
    return parse_log(csv, "log.csv", io::brats_task());
  };
  const RegionScores low = {0.2, std::nullopt, std::nullopt}, high = {0.4, std::nullopt, std::nullopt}, none(3);
  CHECK(best_epoch(log_of({{1, low}, {2, high}, {0.5, none}}))->epoch == 2);
  CHECK(log_of({{1, high}})[0].dice == high);
  CHECK(best_epoch(log_of({{1, none}, {0.5, none}, {2, none}}))->epoch == 2);
}

TEST_CASE("an epoch's line fits 100 columns", "[train]") {
  EpochRecord r;
  r.task = io::brats_task();
  r.epoch = 1000;
  r.loss = {3, 3, 3.5};
  r.dice = {0.8124, 0.7551, std::nullopt};
  r.training_seconds = 612.25;
  r.waiting_seconds = 1.21;
  CHECK(describe(r, 1000, true) ==
        "epoch 1000/1000  loss 9.5000  Dice WT 0.812 TC 0.755 ET -  612.2 s (1.2 s waiting)  best");
  r.dice[2] = 0.5;
  r.training_seconds = 86399;  // 23:59:59
  r.waiting_seconds = 5025;
  CHECK_THAT(describe(r, 1000, true), ContainsSubstring("ET 0.500  23:59:59 (1:23:45 waiting)  best"));
  CHECK(describe(r, 1000, true).size() <= 100);
}
