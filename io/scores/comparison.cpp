#include "io/scores/comparison.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/ranges.h>

#include "engine/error.h"

namespace revunet::io {
namespace {

std::string text_of_condition(const ScoreFile& file, const std::string& key) {
  const auto found = file.conditions.find(key);
  return found == file.conditions.end() ? "none" : found->second.dump();
}

void expect_same_conditions(const ScoreFile& first, const ScoreFile& second) {
  std::map<std::string, nlohmann::json> all = first.conditions;
  all.insert(second.conditions.begin(), second.conditions.end());
  for (const auto& [key, value] : all) {
    const std::string a = text_of_condition(first, key), b = text_of_condition(second, key);
    REVUNET_EXPECTS(a == b, DataError,
                    "[{}] expected scores with {} {}, as {} has them, got {}; score both sets of predictions with the "
                    "same options",
                    second.path.string(), key, a, first.path.string(), b);
  }
}

// Returns a few names for a message.
std::string list_of(const std::vector<std::string>& names) {
  constexpr size_t most = 5;
  const std::vector<std::string> some(names.begin(),
                                      names.begin() + static_cast<int64_t>(std::min(most, names.size())));
  const std::string more = names.size() > most ? fmt::format(" and {} more", names.size() - most) : "";
  return fmt::format("{}{}", fmt::join(some, ", "), more);
}

void expect_cases_of(const ScoreFile& file, const ScoreFile& other) {
  std::vector<std::string> missing;
  for (const auto& [name, scores] : other.cases) {
    if (!file.cases.contains(name)) missing.push_back(name);
  }
  REVUNET_EXPECTS(missing.empty(), DataError,
                  "[{}] expected the cases of {}, got none of {}; score the same cases in both", file.path.string(),
                  other.path.string(), list_of(missing));
}

// Files of one task have its regions in one order. An edited file may have another.
void expect_same_regions(const ScoreFile& first, const ScoreFile& second) {
  std::vector<std::string> a = first.regions, b = second.regions;
  std::ranges::sort(a);
  std::ranges::sort(b);
  REVUNET_EXPECTS(
      a == b, DataError, "[{}] expected scores of the regions {}, as {} has them, got {}; compare scores of one task",
      second.path.string(), fmt::join(first.regions, ", "), first.path.string(), fmt::join(second.regions, ", "));
}

std::vector<std::string> keys_of(const ScoresOfRegion& scores) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : scores.metrics) keys.push_back(key);
  return keys;
}

void expect_same_references(const ScoreFile& first, const ScoreFile& second) {
  for (const auto& [name, scores] : first.cases) {
    const ScoresOfCase& others = second.cases.at(name);
    REVUNET_EXPECTS(
        scores.label_profile == others.label_profile, DataError,
        "[{}] expected {} to be scored against the reference of {}, with the label profile {}, got {}; score "
        "both sets of predictions with the same `labels`",
        second.path.string(), name, first.path.string(), scores.label_profile, others.label_profile);
    for (const std::string& region : first.regions) {
      const ScoresOfRegion &a = scores.regions.at(region), &b = others.regions.at(region);
      REVUNET_EXPECTS(
          a.reference_voxels == b.reference_voxels, DataError,
          "[{}] expected {} to be scored against the reference of {}, whose {} has {} voxels, got {} voxels; "
          "score both sets of predictions against the same references",
          second.path.string(), name, first.path.string(), region, a.reference_voxels, b.reference_voxels);
      REVUNET_EXPECTS(keys_of(a) == keys_of(b), DataError,
                      "[{}] expected the scores {} of {}, got {}; score both sets of predictions with the same options",
                      second.path.string(), fmt::join(keys_of(a), ", "), name, fmt::join(keys_of(b), ", "));
    }
  }
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

MetricComparison compare_metric(const ScoreFile& first, const ScoreFile& second, const std::string& region,
                                const std::string& metric, const BootstrapRules& rules) {
  std::vector<double> a, b, differences;
  MetricComparison row{.region = region, .metric = metric, .statistics = {}};
  for (const auto& [name, scores] : first.cases) {
    const double x = scores.regions.at(region).metrics.at(metric),
                 y = second.cases.at(name).regions.at(region).metrics.at(metric);
    if (std::isnan(x) || std::isnan(y)) {
      ++row.undefined;
      continue;
    }
    a.push_back(x);
    b.push_back(y);
    differences.push_back(y - x);
  }
  row.pairs = std::ssize(differences);
  if (row.pairs == 0) return row;
  row.statistics = {.mean_first = mean_of(a),
                    .mean_second = mean_of(b),
                    .difference = mean_of(differences),
                    .interval = bootstrap_interval(differences, rules),
                    .test = signed_rank_test(differences)};
  return row;
}

// Returns the width of a column of words: that of the longest.
template <class Row>
size_t width_of(const std::string& title, const std::vector<Row>& rows, std::string Row::*word) {
  size_t width = title.size();
  for (const Row& row : rows) width = std::max(width, (row.*word).size());
  return width;
}

std::string line_of(const MetricComparison& row, size_t region_width, size_t metric_width) {
  const std::string start = fmt::format("{:<{}}  {:<{}}  {:>5}  {:>9}", row.region, region_width, row.metric,
                                        metric_width, row.pairs, row.undefined);
  if (!row.statistics)
    return start + fmt::format("  {:>9}  {:>9}  {:>10}  {:>22}  {:>8}  {:>8}", "-", "-", "-", "-", "-", "-");
  const PairedStatistics& s = *row.statistics;
  const std::string interval = fmt::format("{:.4g} to {:.4g}", s.interval.low, s.interval.high);
  return start + fmt::format("  {:>9.5g}  {:>9.5g}  {:>10.4g}  {:>22}  {:>8}  {:>8.3g} {}", s.mean_first, s.mean_second,
                             s.difference, interval, s.test.statistic, s.test.p, s.test.exact ? "exact" : "normal");
}

}  // namespace

std::vector<MetricComparison> compare_score_files(const ScoreFile& first, const ScoreFile& second,
                                                  const BootstrapRules& rules) {
  expect_same_conditions(first, second);
  expect_same_regions(first, second);
  expect_cases_of(first, second);
  expect_cases_of(second, first);
  expect_same_references(first, second);
  std::vector<MetricComparison> rows;
  for (const std::string& region : first.regions) {
    for (const std::string& metric : keys_of(first.cases.begin()->second.regions.at(region))) {
      rows.push_back(compare_metric(first, second, region, metric, rules));
    }
  }
  return rows;
}

std::string comparison_table(const ScoreFile& first, const ScoreFile& second, const std::vector<MetricComparison>& rows,
                             const BootstrapRules& rules) {
  const std::string interval = fmt::format("{} % interval", rules.confidence);
  const std::string region = "region", metric = "metric";
  const size_t of_regions = width_of(region, rows, &MetricComparison::region),
               of_metrics = width_of(metric, rows, &MetricComparison::metric);
  std::string text =
      fmt::format("{:<{}}  {:<{}}  {:>5}  {:>9}  {:>9}  {:>9}  {:>10}  {:>22}  {:>8}  {:>8}\n", region, of_regions,
                  metric, of_metrics, "pairs", "undefined", "first", "second", "difference", interval, "W", "p");
  for (const MetricComparison& row : rows) text += line_of(row, of_regions, of_metrics) + "\n";
  text += fmt::format("first: {}\nsecond: {}\n", first.path.string(), second.path.string());
  for (const auto& [key, value] : first.conditions) text += fmt::format("{}: {}\n", key, value.dump());
  text += fmt::format(
      "{} cases; difference: mean of second - first; pairs with a score that is not defined are left out\n"
      "interval: percentile bootstrap of the mean difference, {} resamples of the cases, seed {}\n"
      "W, p: Wilcoxon's signed-rank test, two-sided, not corrected for the number of tests\n",
      first.cases.size(), rules.resamples, rules.seed);
  return text;
}

std::string comparison_json(const ScoreFile& first, const ScoreFile& second, const std::vector<MetricComparison>& rows,
                            const BootstrapRules& rules) {
  using Json = nlohmann::ordered_json;
  Json report = {
      {"first", first.path.string()},
      {"second", second.path.string()},
      {"cases", first.cases.size()},
      {"bootstrap", {{"resamples", rules.resamples}, {"seed", rules.seed}, {"confidence", rules.confidence}}}};
  for (const auto& [key, value] : first.conditions) report["conditions"][key] = value;
  for (const MetricComparison& row : rows) {
    Json entry = {{"pairs", row.pairs}, {"undefined", row.undefined}};
    const auto& s = row.statistics;
    entry["mean_first"] = s ? Json(s->mean_first) : Json();
    entry["mean_second"] = s ? Json(s->mean_second) : Json();
    entry["difference"] = s ? Json(s->difference) : Json();
    entry["interval"] = s ? Json::array({s->interval.low, s->interval.high}) : Json();
    entry["wilcoxon_w"] = s ? Json(s->test.statistic) : Json();
    entry["wilcoxon_p"] = s ? Json(s->test.p) : Json();
    entry["wilcoxon_method"] = s ? Json(s->test.exact ? "exact" : "normal") : Json();
    report["comparisons"][row.region][row.metric] = std::move(entry);
  }
  // Paths come from the file system and may hold bytes that are not UTF-8.
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace revunet::io
