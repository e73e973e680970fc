// Tests Wilcoxon's signed-rank test and bootstrap intervals against SciPy's (golden file) and by enumeration.
#include <algorithm>

#include "io/scores/bootstrap.h"
#include "io/scores/signed_rank.h"
#include "tests/io/mask_shapes.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"

using namespace revunet;
using namespace revunet::io;
using namespace revunet::test;

TEST_CASE("Wilcoxon's test gives what SciPy's gives", "[comparison]") {
  const nlohmann::json rows = read_golden("paired_tests.json").at("wilcoxon");
  CHECK(rows.size() == 21);
  int exact = 0;
  for (const auto& row : rows) {
    INFO(row.at("name"));
    const SignedRank got = signed_rank_test(row.at("differences").get<std::vector<double>>());
    CHECK(got.statistic == row.at("statistic"));
    CHECK(got.p == Approx(row.at("p").get<double>()).epsilon(1e-12).margin(1e-14));
    exact += got.exact;
  }
  CHECK((exact > 5 && exact < 21));  // both ways were compared
}

// By hand: of 2^5 signs, only the one in which all are positive and its opposite are as far apart as all of one sign.
TEST_CASE("the exact p value is the share of signs", "[comparison]") {
  CHECK(signed_rank_test({1, 2, 3, 4, 5}).p == 2.0 / 32);
  CHECK(signed_rank_test({-1, -2, -3, -4, -5}).p == 2.0 / 32);
  CHECK(signed_rank_test({1, -1}).p == 1);
  CHECK(signed_rank_test({}).p == 1);
}

TEST_CASE("bootstrap intervals are SciPy's, up to the chance of the draw", "[comparison]") {
  const nlohmann::json rows = read_golden("paired_tests.json").at("bootstrap");
  CHECK(rows.size() == 4);
  for (const auto& row : rows) {
    const BootstrapRules rules = {.resamples = 200'000, .seed = 11, .confidence = row.at("confidence").get<double>()};
    const Interval got = bootstrap_interval(row.at("differences").get<std::vector<double>>(), rules);
    // A quantile of 200 000 draws has a standard error of at most 0.012 errors of the mean (that of 99.5 %).
    const double margin = 0.05 * row.at("error_of_mean").get<double>();
    INFO(row.at("name"));
    CHECK(got.low == near(row.at("low").get<double>(), margin));
    CHECK(got.high == near(row.at("high").get<double>(), margin));
  }
}

// By hand: means of two draws from {0, 8} are 0, 4 and 8 with chances 1/4, 1/2 and 1/4.
TEST_CASE("bootstrap intervals of few values are those of all draws", "[comparison]") {
  const auto interval = [](double confidence, uint64_t seed) {
    return bootstrap_interval({0, 8}, {.resamples = 4000, .seed = seed, .confidence = confidence});
  };
  for (const uint64_t seed : {0u, 1u, 2u}) {
    CHECK((interval(95, seed).low == 0 && interval(95, seed).high == 8));
    CHECK((interval(40, seed).low == 4 && interval(40, seed).high == 4));
  }
  const std::vector<double> values = {0.3, 0.1, 0.7, 0.2, 0.9};
  // All three have 101 resamples: their quantiles differ only by the seed.
  const Interval a = bootstrap_interval(values, {.resamples = 101, .seed = 4}),
                 b = bootstrap_interval(values, {.resamples = 101, .seed = 4}),
                 c = bootstrap_interval(values, {.resamples = 101, .seed = 5});
  CHECK((a.low == b.low && a.high == b.high));
  CHECK(a.low != c.low);
  CHECK((bootstrap_interval({2.5}, {}).low == 2.5 && bootstrap_interval({2.5}, {}).high == 2.5));
}
