#include "models/training/region_scores.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "io/nifti/nifti.h"
#include "io/progress/parallel.h"

namespace revunet {

namespace {

std::array<bool, io::region_count> regions_in(std::span<const uint8_t> labels) {
  std::array<bool, io::region_count> found{};
  for (const uint8_t label : labels) {
    const auto regions = io::regions_of(label);
    for (size_t r = 0; r < found.size(); ++r) found[r] = found[r] || regions[r];
  }
  return found;
}

}  // namespace

RegionScores scores_of_case(std::span<const uint8_t> reference, const RegionValues& dice) {
  const auto found = regions_in(reference);
  RegionScores scores;
  for (size_t r = 0; r < scores.size(); ++r) {
    if (found[r]) scores[r] = dice[r];
  }
  return scores;
}

RegionScores mean_over_cases(std::span<const RegionScores> cases) {
  RegionScores mean;
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
  std::vector<std::array<bool, io::region_count>> found(cases.size());
  io::for_each_in_parallel(cases.size(), "segmentations read", progress, [&](size_t i) {
    const std::filesystem::path& path = cases[i].segmentation.value();
    found[i] = regions_in(io::labels_of_values(io::read_nifti_labels(path).labels, cases[i].labels, path));
  });
  RegionCounts counts{};
  for (const auto& regions : found) {
    for (size_t r = 0; r < counts.size(); ++r) counts[r] += regions[r] ? 1 : 0;
  }
  return counts;
}

bool has_regions(const RegionCounts& counts) {
  return std::ranges::any_of(counts, [](int64_t count) { return count > 0; });
}

std::string describe_choice(const RegionCounts& counts, size_t cases) {
  if (cases == 0) return "best.safetensors is chosen by the lowest loss: no case validates";
  if (!has_regions(counts)) {
    return fmt::format("best.safetensors is chosen by the lowest loss: none of the {} cases that validate has a tumour",
                       cases);
  }
  std::vector<std::string> having, lacking;
  for (size_t r = 0; r < counts.size(); ++r) {
    having.push_back(fmt::format("{} {}", io::region_names[r], counts[r]));
    if (counts[r] == 0) lacking.emplace_back(io::region_names[r]);
  }
  return fmt::format(
      "best.safetensors is chosen by the mean Dice of the regions, each over the cases that have it: {} of {}{}",
      fmt::join(having, ", "), cases,
      lacking.empty() ? "" : fmt::format("; {} takes no part", fmt::join(lacking, " and ")));
}

}  // namespace revunet
