#include "io/scores/evaluation.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "engine/process/host_memory_failure.h"
#include "io/nifti/nifti.h"
#include "io/nifti/orientation.h"
#include "io/progress/parallel.h"

namespace revunet::io {
namespace {

std::vector<uint8_t> mask_of(const std::vector<uint8_t>& labels, const Task& task, size_t region) {
  std::vector<uint8_t> mask(labels.size());
  std::transform(labels.begin(), labels.end(), mask.begin(),
                 [&](uint8_t label) { return task.regions_of(label).test(region); });
  return mask;
}

LabelImage read_labels(const std::filesystem::path& path, const LabelProfile& profile) {
  LabelImage image = read_nifti_labels(path);
  image.labels = labels_of_values(image.labels, profile, path);
  return image;
}

Grid in_brats_order(const Grid& grid) {
  return oriented_grid(grid, orientation_of(grid));
}

std::string describe(const Grid& grid) {
  std::ostringstream affine;
  affine << grid.affine.format(Eigen::IOFormat(6, Eigen::DontAlignCols, " ", "; "));
  return fmt::format("{} x {} x {} voxels with affine [{}]", grid.size[0], grid.size[1], grid.size[2], affine.str());
}

// Where sform and qform disagree, other programs may have written the same voxels with the other one.
void expect_one_orientation(const NiftiImage& image, const std::filesystem::path& path, const std::string& name) {
  const std::optional<Grid> other = grid_by_qform(image);
  REVUNET_EXPECTS(
      !other || orientation_of(image.grid) == orientation_of(*other), DataError,
      "[{}] expected a sform and a qform that agree, because the axes of reference and prediction differ in "
      "case {}, got {} in the sform and {} in the qform; remove the one that is wrong from the header",
      path.string(), name, orientation_code(image.grid), orientation_code(*other));
}

// Compares the headers, before any voxel is read.
void expect_comparable(const SegmentationPair& pair) {
  const NiftiImage reference_image = read_nifti_header(pair.reference),
                   prediction_image = read_nifti_header(pair.prediction);
  const Grid &reference = reference_image.grid, &prediction = prediction_image.grid;
  const bool same = same_grid(reference, prediction);
  REVUNET_EXPECTS(
      same || same_grid(in_brats_order(reference), in_brats_order(prediction)), DataError,
      "[{}] expected the grid of {} for case {}: {}, got {}; resample the prediction to the reference's grid",
      pair.prediction.string(), pair.reference.string(), pair.name, describe(reference), describe(prediction));
  if (!same) {
    expect_one_orientation(reference_image, pair.reference, pair.name);
    expect_one_orientation(prediction_image, pair.prediction, pair.name);
  }
  REVUNET_EXPECTS(skew_of(reference) < least_skew, DataError,
                  "[{}] expected axes at right angles, which distances in mm need, got {:.2g} degrees off in case {}, "
                  "where up to {} are accepted; resample reference and prediction to a grid with right angles",
                  pair.reference.string(), skew_of(reference), pair.name, least_skew);
}

// Returns the labels on the reference's grid, where the prediction has its axes in another order or reversed.
std::vector<uint8_t> in_order_of(const Grid& reference, const LabelImage& prediction) {
  if (same_grid(reference, prediction.grid)) return prediction.labels;
  const std::vector<uint8_t> ordered =
      to_brats_order<uint8_t>(prediction.labels, prediction.grid.size, orientation_of(prediction.grid));
  return to_file_order<uint8_t>(ordered, reference.size, orientation_of(reference));
}

void expect_one_task(const std::vector<SegmentationPair>& pairs) {
  const SegmentationPair& first = pairs.front();
  const Task& task = *first.labels.profile.task();
  for (const SegmentationPair& pair : pairs) {
    REVUNET_EXPECTS(same_regions(task, *pair.labels.profile.task()), DataError,
                    "[{}] expected labels of the task of {}, which is {}, got {}; score the cases of each task apart",
                    pair.reference.string(), first.reference.string(), describe(task),
                    describe(*pair.labels.profile.task()));
  }
}

// A case's entry in JSON has the scores of its regions next to its own members.
void expect_region_names_for_files(const Task& task) {
  for (const Task::Region& region : task.regions()) {
    REVUNET_EXPECTS(region.name != "case" && region.name != "labels", DataError,
                    "[task {}] expected names of regions other than case and labels, which files of scores have for "
                    "something else, got {}; rename the region",
                    task.name(), region.name);
  }
}

// Makes background of the predicted voxels that the reference says to ignore. Returns their number.
int64_t leave_out_ignored(const Task& task, const std::vector<uint8_t>& reference, std::vector<uint8_t>& prediction) {
  if (!task.ignored()) return 0;
  for (size_t v = 0; v < reference.size(); ++v) {
    if (reference[v] == *task.ignored()) prediction[v] = 0;
  }
  return std::ranges::count(reference, *task.ignored());
}

using Score = const RegionScore&;

std::vector<Metric> mask_metrics(const ScoreOptions& options) {
  const bool voxels = options.masks.in_voxels;
  const std::string unit = voxels ? "voxels" : "mm";
  const UnmeasuredValues& unmeasured = options.masks.unmeasured;
  const std::string axis_note = std::isnan(unmeasured.hd95_one_empty) ? ""
                                : unmeasured.apart_is_one_empty       ? "no voxel in common"
                                                                      : "one mask empty";
  std::vector<Metric> metrics = {
      {"dice", "Dice", "", 7, 4, false, "", [](Score s) { return s.masks.dice; }},
      {"hd95_" + unit, "HD95", unit, voxels ? 11 : 8, 3, false, axis_note, [](Score s) { return s.masks.hd95; }},
      {"sensitivity", "sensitivity", "", 11, 4, false, "", [](Score s) { return s.masks.sensitivity; }},
      {"specificity", "specificity", "", 11, 6, false, "", [](Score s) { return s.masks.specificity; }}};
  for (size_t i = 0; i < options.masks.nsd_tolerances.size(); ++i) {
    const double tolerance = options.masks.nsd_tolerances[i];
    const std::string title = fmt::format("NSD {} {}", tolerance, unit);
    metrics.push_back({fmt::format("nsd_{}{}", tolerance, unit), title, "", static_cast<int>(title.size()), 4, false,
                       "", [i](Score s) { return s.masks.nsd[i]; }});
  }
  return metrics;
}

std::vector<Metric> lesion_metrics(const ScoreOptions& options) {
  std::vector<Metric> metrics = {
      {"lesion_dice", "lesion Dice", "", 11, 4, true, "", [](Score s) { return s.lesions.value().dice; }},
      {"lesion_hd95_mm", "lesion HD95", "mm", 14, 3, true, "nothing matched",
       [](Score s) { return s.lesions.value().hd95; }}};
  if (options.matched) {
    metrics.push_back(
        {"lesion_nsd", "lesion NSD", "", 10, 4, true, "", [](Score s) { return s.lesions.value().nsd[0]; }});
    metrics.push_back({"lesion_f1", "lesion F1", "", 9, 4, true, "", [](Score s) { return f1_of(s.lesions.value()); }});
    return metrics;
  }
  for (size_t i = 0; i < options.masks.nsd_tolerances.size(); ++i) {
    const double tolerance = options.masks.nsd_tolerances[i];
    const std::string title = fmt::format("lesion NSD {} mm", tolerance);
    metrics.push_back({fmt::format("lesion_nsd_{}mm", tolerance), title, "", static_cast<int>(title.size()), 4, true,
                       "", [i](Score s) { return s.lesions.value().nsd[i]; }});
  }
  return metrics;
}

}  // namespace

std::vector<Metric> metrics_of(const ScoreOptions& options) {
  std::vector<Metric> metrics = mask_metrics(options);
  if (options.by_lesion()) {
    const std::vector<Metric> of_lesions = lesion_metrics(options);
    metrics.insert(metrics.end(), of_lesions.begin(), of_lesions.end());
  }
  return metrics;
}

CaseScore score_case(const SegmentationPair& pair, const ScoreOptions& options) {
  expect_comparable(pair);
  const LabelImage reference = read_labels(pair.reference, pair.labels.profile),
                   prediction = read_labels(pair.prediction, pair.labels.profile);
  std::vector<uint8_t> predicted_labels = in_order_of(reference.grid, prediction);
  const std::array<int64_t, 3>& size = reference.grid.size;
  const std::array<double, 3>& spacing = reference.grid.spacing;
  const Task& task = *pair.labels.profile.task();
  const int64_t left_out = leave_out_ignored(task, reference.labels, predicted_labels);
  CaseScore score{.name = pair.name, .labels = pair.labels, .regions = std::vector<RegionScore>(task.regions().size())};
  for (size_t region = 0; region < score.regions.size(); ++region) {
    const std::vector<uint8_t> truth = mask_of(reference.labels, task, region),
                               predicted = mask_of(predicted_labels, task, region);
    score.regions[region].masks = compare_masks(truth, predicted, size, spacing, options.masks, left_out);
    if (options.lesions) {
      score.regions[region].lesions = compare_lesions(truth, predicted, size, spacing, *options.lesions, options.masks);
    } else if (options.matched) {
      score.regions[region].lesions = compare_matched_lesions(truth, predicted, size, spacing, *options.matched);
    }
  }
  return score;
}

Evaluation score_cases(const std::vector<SegmentationPair>& pairs, const ScoreOptions& options,
                       const OnProgress& progress) {
  REVUNET_EXPECTS(!pairs.empty(), Error, "[score_cases] expected a pair at least, got none");
  expect_one_task(pairs);
  Evaluation evaluation{.task = pairs.front().labels.profile.task(), .cases = {}};
  expect_region_names_for_files(*evaluation.task);
  for (const SegmentationPair& pair : pairs) evaluation.cases.push_back({.name = pair.name, .labels = pair.labels});
  for_each_in_parallel(pairs.size(), "cases", progress, [&](size_t i) {
    evaluation.cases[i] = with_host_memory("case " + pairs[i].name, [&] { return score_case(pairs[i], options); });
  });
  return evaluation;
}

std::vector<double> defined_values(const std::vector<CaseScore>& scores, size_t region, const Metric& metric) {
  std::vector<double> values;
  for (const CaseScore& score : scores) {
    const double value = metric.value(score.regions[region]);
    if (!std::isnan(value)) values.push_back(value);
  }
  return values;
}

std::optional<Distribution> summarise(const std::vector<CaseScore>& scores, size_t region, const Metric& metric) {
  std::vector<double> values = defined_values(scores, region, metric);
  if (values.empty()) return std::nullopt;
  return distribution_of(std::move(values));
}

EmptyCases count_empty(const std::vector<CaseScore>& scores, size_t region) {
  EmptyCases empty;
  for (const CaseScore& score : scores) {
    const MaskMetrics& masks = score.regions[region].masks;
    empty.reference += masks.reference_empty();
    empty.prediction += masks.prediction_empty();
    empty.both += masks.reference_empty() && masks.prediction_empty();
  }
  return empty;
}

}  // namespace revunet::io
