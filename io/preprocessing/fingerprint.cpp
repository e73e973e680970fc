#include "io/preprocessing/fingerprint.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/preprocessing/preprocessing.h"
#include "io/preprocessing/resampled_case.h"

namespace revunet::io {
namespace {

constexpr size_t kMostSampled = 10'000;  // voxels of the foreground per case
constexpr double kSameSpacing = 0.01;    // share by which spacings of one dataset may differ
constexpr double kMostNonzero = 0.75;    // images with at most this share of non-zero voxels have a background of 0

// Facts are what one case adds.
struct Facts {
  DatasetFingerprint::Case of;
  std::vector<double> nonzero;                 // of each modality
  std::vector<std::vector<float>> foreground;  // of each modality
};

std::vector<size_t> foreground_voxels(const CaseVolumes& volumes) {
  std::vector<size_t> voxels;
  for (size_t v = 0; v < volumes.labels->size(); ++v) {
    if (volumes.task->regions_of((*volumes.labels)[v]).any()) voxels.push_back(v);
  }
  return voxels;
}

// Adds what the segmentation has, within the box of voxels that are not zero and outside of it.
void add_regions(DatasetFingerprint::Case& found, const CaseVolumes& volumes, const NonzeroBox& box) {
  const auto [X, Y, Z] = volumes.grid.size;
  size_t voxel = 0;
  for (int64_t z = 0; z < Z; ++z) {
    for (int64_t y = 0; y < Y; ++y) {
      const bool row_is_in = z >= box.low[2] && z < box.high[2] && y >= box.low[1] && y < box.high[1];
      for (int64_t x = 0; x < X; ++x, ++voxel) {
        const RegionSet regions = volumes.task->regions_of((*volumes.labels)[voxel]);
        if (regions.none()) continue;
        found.regions |= regions;
        if (!row_is_in || x < box.low[0] || x >= box.high[0]) ++found.lost_labels;
      }
    }
  }
}

Facts facts_of(const CaseFiles& files) {
  const CaseVolumes volumes = load_case(files);
  REVUNET_EXPECTS(volumes.labels, Error, "[fingerprint] expected cases with segmentations, got {} without", files.name);
  const NonzeroBox box = nonzero_box(volumes);
  Facts facts{.of = {files.name, box.extent(), volumes.grid}, .nonzero = {}, .foreground = {}};
  add_regions(facts.of, volumes, box);
  const std::vector<size_t> voxels = foreground_voxels(volumes);
  const size_t sampled = std::min(voxels.size(), kMostSampled);
  for (const std::vector<float>& modality : volumes.modalities) {
    const auto zeros = static_cast<double>(std::ranges::count(modality, 0.0f));
    facts.nonzero.push_back(1 - zeros / static_cast<double>(modality.size()));
    std::vector<float>& values = facts.foreground.emplace_back();
    for (size_t i = 0; i < sampled; ++i) values.push_back(modality[voxels[i * voxels.size() / sampled]]);
  }
  return facts;
}

template <class T>
T median_of(std::vector<T> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Takes sorted values.
double percentile(const std::vector<float>& values, double percent) {
  const double place = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  const double share = place - static_cast<double>(below);
  return values[below] + share * (static_cast<double>(values[above]) - values[below]);
}

std::optional<Normalisation::Foreground> foreground_of(std::vector<float> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const float value : values) mean += value / count;
  for (const float value : values) squares += (value - mean) * (value - mean);
  return Normalisation::Foreground{.low = percentile(values, 0.5),
                                   .high = percentile(values, 99.5),
                                   .mean = mean,
                                   .deviation = std::sqrt(squares / count)};
}

// Returns of each axis the extents of all cases, as networks see them.
std::array<std::vector<int64_t>, 3> extents_of(const DatasetFingerprint& fingerprint, const Resampling& resampling) {
  std::array<std::vector<int64_t>, 3> extents;
  for (const DatasetFingerprint::Case& c : fingerprint.cases) {
    const Size3 seen = resampled_extent(c.extent, c.grid, resampling);
    for (size_t axis = 0; axis < 3; ++axis) extents[axis].push_back(seen[axis]);
  }
  return extents;
}

// A spacing is far where no scanner differs so much from the others, and mostly it has another unit.
bool is_far(const Spacing3& spacing, const Spacing3& median) {
  constexpr double kFar = 20;  // times the median
  bool far = false;
  for (size_t axis = 0; axis < 3; ++axis) {
    const double times = spacing[axis] / median[axis];
    far = far || times > kFar || times < 1 / kFar;
  }
  return far;
}

// Decides what is automatic.
Resampling resampling_of(Resampling resampling, const DatasetFingerprint& fingerprint) {
  resampling.spacing = median_spacing(fingerprint);
  bool same = true;
  for (const auto& c : fingerprint.cases) {
    for (size_t axis = 0; axis < 3; ++axis) {
      same =
          same && std::abs(c.grid.spacing[axis] - resampling.spacing[axis]) <= kSameSpacing * resampling.spacing[axis];
    }
  }
  if (same) return {};
  resampling.kind = Resampling::Kind::given;
  return resampling;
}

}  // namespace

DatasetFingerprint fingerprint_of(const std::vector<CaseFiles>& cases, const OnProgress& progress) {
  REVUNET_EXPECTS(!cases.empty(), Error, "[fingerprint] expected cases, got none");
  std::vector<Facts> facts(cases.size());
  for_each_in_parallel(cases.size(), "cases measured", progress, [&](size_t i) { facts[i] = facts_of(cases[i]); });
  DatasetFingerprint result;
  for (const Facts& f : facts) result.cases.push_back(f.of);
  for (size_t m = 0; m < cases[0].modalities.size(); ++m) {
    std::vector<double> shares;
    std::vector<float> values;
    for (const Facts& f : facts) {
      shares.push_back(f.nonzero[m]);
      values.insert(values.end(), f.foreground[m].begin(), f.foreground[m].end());
    }
    result.nonzero.push_back(median_of(std::move(shares)));
    result.foreground.push_back(foreground_of(std::move(values)));
  }
  return result;
}

Size3 largest_extent(const DatasetFingerprint& fingerprint, const Resampling& resampling) {
  Size3 result{};
  const auto extents = extents_of(fingerprint, resampling);
  for (size_t axis = 0; axis < 3; ++axis) result[axis] = std::ranges::max(extents[axis]);
  return result;
}

Size3 median_extent(const DatasetFingerprint& fingerprint, const Resampling& resampling) {
  Size3 result{};
  const auto extents = extents_of(fingerprint, resampling);
  for (size_t axis = 0; axis < 3; ++axis) result[axis] = median_of(extents[axis]);
  return result;
}

Spacing3 median_spacing(const DatasetFingerprint& fingerprint) {
  Spacing3 result{};
  for (size_t axis = 0; axis < 3; ++axis) {
    std::vector<double> spacings;
    for (const auto& c : fingerprint.cases) spacings.push_back(c.grid.spacing[axis]);
    result[axis] = std::stod(fmt::format("{:.6g}", median_of(std::move(spacings))));
  }
  return result;
}

std::vector<std::string> warnings_of(const DatasetFingerprint& fingerprint, const Task& task,
                                     const std::set<std::string>& training) {
  std::vector<std::string> warnings;
  const Spacing3 median = median_spacing(fingerprint);
  RegionSet trained, others;
  for (const DatasetFingerprint::Case& c : fingerprint.cases) {
    (training.contains(c.name) ? trained : others) |= c.regions;
    if (is_far(c.grid.spacing, median)) {
      warnings.push_back(
          fmt::format("case {}: voxels of {} mm are far from those of the median case, {} mm; check its header, or "
                      "leave the case out",
                      c.name, fmt::join(c.grid.spacing, " x "), fmt::join(median, " x ")));
    }
    if (c.lost_labels > 0) {
      warnings.push_back(
          fmt::format("case {}: {} voxels of regions lie where all images are 0; they are neither trained on nor "
                      "scored; check that images and segmentation belong together",
                      c.name, c.lost_labels));
    }
  }
  for (size_t r = 0; r < task.regions().size(); ++r) {
    if (trained[r]) continue;
    warnings.push_back(fmt::format("no training case has {}{}: the network cannot learn it", task.regions()[r].name,
                                   others[r] ? ", which other cases have" : ""));
  }
  return warnings;
}

TaskPointer with_fingerprint(const TaskPointer& task, const DatasetFingerprint& fingerprint) {
  Task::Rules rules = task->rules();
  if (rules.resampling.kind == Resampling::Kind::automatic)
    rules.resampling = resampling_of(rules.resampling, fingerprint);
  for (size_t m = 0; m < rules.normalisations.size(); ++m) {
    Normalisation& n = rules.normalisations[m];
    if (n.kind == Normalisation::Kind::automatic) {
      n.kind = fingerprint.nonzero[m] <= kMostNonzero ? Normalisation::Kind::nonzero : Normalisation::Kind::all;
    }
    if (n.kind != Normalisation::Kind::ct) continue;
    n.foreground = fingerprint.foreground[m];
    REVUNET_EXPECTS(n.foreground && n.foreground->deviation > 0, DataError,
                    "[task {}] expected varying voxels of {} in the regions of {} cases, got none; check their "
                    "segmentations",
                    task->name(), task->modalities()[m], fingerprint.cases.size());
  }
  return with_rules(*task, std::move(rules));
}

}  // namespace revunet::io
