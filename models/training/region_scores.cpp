#include "models/training/region_scores.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "io/progress/parallel.h"

namespace revunet {

namespace {

io::RegionSet regions_in(const io::Task& task, std::span<const uint8_t> labels) {
  io::RegionSet found;
  for (const uint8_t label : labels) found |= task.regions_of(label);
  return found;
}

}  // namespace

std::vector<std::string> loss_names(const io::Task& task) {
  std::vector<std::string> names = task.region_names();
  if (task.exclusive()) names.insert(names.begin(), "cross entropy");
  return names;
}

void add_to(RegionValues& sums, const RegionValues& values, double divisor) {
  REVUNET_EXPECTS(sums.size() == values.size(), Error, "[add_to] expected {} values, got {}", sums.size(),
                  values.size());
  for (size_t r = 0; r < values.size(); ++r) sums[r] += values[r] / divisor;
}

double sum_of(const RegionValues& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::string by_name(const std::vector<std::string>& names, const RegionValues& values, int digits) {
  REVUNET_EXPECTS(names.size() == values.size(), Error, "[by_name] expected {} values, got {}", names.size(),
                  values.size());
  std::vector<std::string> words;
  for (size_t r = 0; r < values.size(); ++r) words.push_back(fmt::format("{} {:.{}f}", names[r], values[r], digits));
  return fmt::format("{}", fmt::join(words, ", "));
}

RegionScores scores_of_case(const io::Task& task, std::span<const uint8_t> reference, const RegionValues& dice) {
  REVUNET_EXPECTS(dice.size() == task.regions().size(), Error, "[scores_of_case] expected {} values, got {}",
                  task.regions().size(), dice.size());
  const io::RegionSet found = regions_in(task, reference);
  RegionScores scores(dice.size());
  for (size_t r = 0; r < scores.size(); ++r) {
    if (found[r]) scores[r] = dice[r];
  }
  return scores;
}

RegionScores mean_over_cases(std::span<const RegionScores> cases) {
  if (cases.empty()) return {};
  RegionScores mean(cases[0].size());
  for (size_t r = 0; r < mean.size(); ++r) {
    const auto count = static_cast<double>(
        std::ranges::count_if(cases, [&](const RegionScores& scores) { return scores[r].has_value(); }));
    for (const RegionScores& scores : cases) {
      if (scores[r]) mean[r] = mean[r].value_or(0) + *scores[r] / count;
    }
  }
  return mean;
}

std::optional<double> mean_over_regions(const RegionScores& scores) {
  double sum = 0;
  int count = 0;
  for (const std::optional<double>& score : scores) {
    sum += score.value_or(0);
    count += score ? 1 : 0;
  }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

RegionCounts count_regions(const std::vector<io::CaseFiles>& cases, const io::OnProgress& progress) {
  if (cases.empty()) return {};
  std::vector<io::RegionSet> found(cases.size());
  io::for_each_in_parallel(cases.size(), "segmentations read", progress, [&](size_t i) {
    const std::filesystem::path& path = cases[i].segmentation.value();
    found[i] =
        regions_in(*cases[i].task(), io::labels_of_values(io::read_nifti_labels(path).labels, cases[i].labels, path));
  });
  RegionCounts counts(cases[0].task()->regions().size());
  for (const io::RegionSet& regions : found) {
    for (size_t r = 0; r < counts.size(); ++r) counts[r] += regions[r] ? 1 : 0;
  }
  return counts;
}

bool has_regions(const RegionCounts& counts) {
  return std::ranges::any_of(counts, [](int64_t count) { return count > 0; });
}

std::string describe_choice(const io::Task& task, const RegionCounts& counts, size_t cases) {
  if (cases == 0) return "best.safetensors is chosen by the lowest loss: no case validates";
  if (!has_regions(counts)) {
    return fmt::format("best.safetensors is chosen by the lowest loss: none of the {} cases that validate has a region",
                       cases);
  }
  std::vector<std::string> having, lacking;
  for (size_t r = 0; r < counts.size(); ++r) {
    having.push_back(fmt::format("{} {}", task.regions()[r].name, counts[r]));
    if (counts[r] == 0) lacking.push_back(task.regions()[r].name);
  }
  return fmt::format(
      "best.safetensors is chosen by the mean Dice of the regions, each over the cases that have it: {} of {}{}",
      fmt::join(having, ", "), cases,
      lacking.empty() ? "" : fmt::format("; {} takes no part", fmt::join(lacking, " and ")));
}

}  // namespace revunet
