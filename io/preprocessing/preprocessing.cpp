#include "io/preprocessing/preprocessing.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "engine/error.h"

namespace revunet::io {
namespace {

bool any_nonzero(const CaseVolumes& volumes, int64_t voxel) {
  return std::any_of(volumes.modalities.begin(), volumes.modalities.end(),
                     [&](const std::vector<float>& m) { return m[static_cast<size_t>(voxel)] != 0; });
}

Placement place(const NonzeroBox& box, const Size3& size) {
  Placement p{.size = size, .box_low = box.low, .source_offset = {}, .destination_offset = {}, .extent = {}};
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t length = box.high[axis] - box.low[axis];
    p.extent[axis] = std::min(length, size[axis]);
    p.source_offset[axis] = (length - p.extent[axis]) / 2;
    p.destination_offset[axis] = (size[axis] - p.extent[axis]) / 2;
  }
  return p;
}

// Calls visit(output voxel) for every voxel of the placement, in memory order.
template <typename Visit>
void for_each_voxel(const Placement& p, Visit&& visit) {
  for (int64_t x = 0; x < p.extent[0]; ++x) {
    for (int64_t y = 0; y < p.extent[1]; ++y) {
      const int64_t row = ((p.destination_offset[0] + x) * p.size[1] + p.destination_offset[1] + y) * p.size[2];
      for (int64_t z = 0; z < p.extent[2]; ++z) visit(static_cast<size_t>(row + p.destination_offset[2] + z));
    }
  }
}

// Calls copy(output voxel, file voxel) for every voxel of the placement. With x innermost the file is read in its own
// order, and the output's lines that a row touches are still cached for the next z.
template <typename Copy>
void for_each_placed(const Placement& p, const Size3& volume_size, Copy&& copy) {
  Size3 low{};
  for (size_t axis = 0; axis < 3; ++axis) low[axis] = p.box_low[axis] + p.source_offset[axis];
  for (int64_t y = 0; y < p.extent[1]; ++y) {
    for (int64_t z = 0; z < p.extent[2]; ++z) {
      const int64_t row = low[0] + volume_size[0] * (low[1] + y + volume_size[1] * (low[2] + z));
      const int64_t column = (p.destination_offset[1] + y) * p.size[2] + p.destination_offset[2] + z;
      for (int64_t x = 0; x < p.extent[0]; ++x) {
        const int64_t plane = (p.destination_offset[0] + x) * p.size[1] * p.size[2];
        copy(static_cast<size_t>(plane + column), static_cast<size_t>(row + x));
      }
    }
  }
}

using Statistics = std::vector<ModalityStatistics>;

// Normalises the modalities of an image (X, Y, Z, channels) in place. Values are visited in memory order.
class Normaliser {
 public:
  Normaliser(std::vector<float>& image, const CaseVolumes& volumes, const Placement& placement)
      : image_(image), volumes_(volumes), placement_(placement), normalisations_(volumes.task->normalisations()) {
    for (size_t c = 0; c < normalisations_.size(); ++c) {
      REVUNET_EXPECTS(normalisations_[c].kind != Normalisation::Kind::automatic &&
                          (normalisations_[c].kind != Normalisation::Kind::ct || normalisations_[c].foreground),
                      Error, "[{}] expected a normalisation of {} that is known, got {}; use a task with a fingerprint",
                      volumes.name, volumes.task->modalities()[c], name_of(normalisations_[c].kind).name);
    }
  }

  // Returns the statistics of the values that count, which are clipped where the normalisation says so. Throws
  // DataError for a modality that has no deviation to divide by.
  Statistics normalise() {
    clip();
    Statistics statistics = means();
    add_deviations(statistics);
    for (size_t c = 0; c < normalisations_.size(); ++c) take_given_scale(statistics[c], normalisations_[c]);
    for_each([&](size_t c, float& value) {
      value = static_cast<float>((value - statistics[c].mean) / statistics[c].deviation);
    });
    return statistics;
  }

 private:
  // Calls visit(channel, value) for every value that counts: all of the file's voxels, or those that are not zero.
  template <typename Visit>
  void for_each(Visit&& visit) {
    const size_t channels = normalisations_.size();
    for_each_voxel(placement_, [&](size_t voxel) {
      for (size_t c = 0; c < channels; ++c) {
        float& value = image_[voxel * channels + c];
        if (!volumes_.missing[c] && (value != 0 || normalisations_[c].kind != Normalisation::Kind::nonzero))
          visit(c, value);
      }
    });
  }

  void clip() {
    if (std::ranges::none_of(normalisations_, [](const Normalisation& n) { return n.kind == Normalisation::Kind::ct; }))
      return;
    for_each([&](size_t c, float& value) {
      const auto& f = normalisations_[c].foreground;
      if (f) value = std::clamp(value, static_cast<float>(f->low), static_cast<float>(f->high));
    });
  }

  // Returns counts, means and ranges. The range decides whether there is a deviation, because the rounding of a
  // constant's mean would leave one that is not quite zero.
  Statistics means() {
    Statistics statistics(normalisations_.size(), {.least = std::numeric_limits<float>::max(),
                                                   .greatest = std::numeric_limits<float>::lowest()});
    for_each([&](size_t c, float value) {
      ModalityStatistics& s = statistics[c];
      ++s.count;
      s.mean += value;
      s.least = std::min(s.least, value);
      s.greatest = std::max(s.greatest, value);
    });
    for (size_t c = 0; c < normalisations_.size(); ++c) {
      ModalityStatistics& s = statistics[c];
      if (volumes_.missing[c]) {
        s = {};
        continue;
      }
      expect_varying(s, c);
      s.mean /= static_cast<double>(s.count);
    }
    return statistics;
  }

  void expect_varying(const ModalityStatistics& s, size_t c) const {
    const std::string& modality = volumes_.task->modalities()[c];
    REVUNET_EXPECTS(s.count > 0, DataError, "[{}] expected voxels of {} other than 0, got zeros; check the file",
                    volumes_.name, modality);
    const bool divides =
        normalisations_[c].kind == Normalisation::Kind::nonzero || normalisations_[c].kind == Normalisation::Kind::all;
    REVUNET_EXPECTS(!divides || s.least < s.greatest, DataError,
                    "[{}] expected varying voxels in {}, got {} in all {}{} voxels; check the file", volumes_.name,
                    modality, s.least, s.count,
                    normalisations_[c].kind == Normalisation::Kind::nonzero ? " non-zero" : "");
  }

  void add_deviations(Statistics& statistics) {
    std::vector<double> squares(statistics.size());
    for_each([&](size_t c, float value) {
      const double difference = value - statistics[c].mean;
      squares[c] += difference * difference;
    });
    for (size_t c = 0; c < statistics.size(); ++c) {
      if (volumes_.missing[c]) continue;
      statistics[c].deviation = std::sqrt(squares[c] / static_cast<double>(statistics[c].count));
    }
  }

  // Replaces a mean and deviation that are not the case's own.
  static void take_given_scale(ModalityStatistics& s, const Normalisation& n) {
    if (n.kind == Normalisation::Kind::none) {
      s.mean = 0;
      s.deviation = 1;
    } else if (n.kind == Normalisation::Kind::ct) {
      s.mean = n.foreground->mean;
      s.deviation = n.foreground->deviation;
    }
  }

  std::vector<float>& image_;
  const CaseVolumes& volumes_;
  const Placement& placement_;
  const std::vector<Normalisation>& normalisations_;
};

void expect_volumes_fit(const CaseVolumes& volumes) {
  const auto count = static_cast<size_t>(voxels_in(volumes.grid.size));
  for (size_t c = 0; c < volumes.modalities.size(); ++c) {
    REVUNET_EXPECTS(volumes.modalities[c].size() == count, Error,
                    "[{}] expected {} voxels of {}, got {}; use load_case", volumes.name, count,
                    volumes.task->modalities()[c], volumes.modalities[c].size());
  }
  REVUNET_EXPECTS(!volumes.labels || volumes.labels->size() == count, Error,
                  "[{}] expected {} labels, got {}; use load_case", volumes.name, count, volumes.labels->size());
}

// Whatever takes the result relies on this.
void expect_labels(std::span<const uint8_t> labels, const CaseVolumes& volumes) {
  std::array<bool, 256> known{};
  for (const Task::Label& label : volumes.task->labels()) known[label.number] = true;
  const auto is_none = [&](uint8_t label) { return !known[label]; };
  const auto unknown = std::ranges::find_if(labels, is_none);
  if (unknown == labels.end()) return;
  throw Error(fmt::format("[{}] expected the labels {}, got {}; map the labels first, as load_case does", volumes.name,
                          volumes.task->numbers_text(), *unknown));
}

void expect_placement_fits(const Placement& p, const Size3& volume_size, size_t values, int64_t channels) {
  bool fits = channels > 0 && static_cast<int64_t>(values) == voxels_in(p.size) * channels;
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t first = p.box_low[axis] + p.source_offset[axis];
    fits &= p.extent[axis] >= 0 && first >= 0 && first + p.extent[axis] <= volume_size[axis];
    fits &= p.destination_offset[axis] >= 0 && p.destination_offset[axis] + p.extent[axis] <= p.size[axis];
  }
  REVUNET_EXPECTS(
      fits, Error,
      "[paste back] expected {} values of {} channels placed within {} voxels, got {} values; pass the placement "
      "and file size of the same case",
      voxels_in(p.size) * channels, channels, fmt::join(volume_size, " x "), values);
}

}  // namespace

NonzeroBox nonzero_box(const CaseVolumes& volumes) {
  if (volumes.cut_to_nonzero) return {.low = {}, .high = volumes.grid.size};
  const auto [X, Y, Z] = volumes.grid.size;
  NonzeroBox box{.low = volumes.grid.size, .high = {0, 0, 0}};
  int64_t voxel = 0;
  for (int64_t z = 0; z < Z; ++z) {
    for (int64_t y = 0; y < Y; ++y) {
      for (int64_t x = 0; x < X; ++x, ++voxel) {
        if (!any_nonzero(volumes, voxel)) continue;
        const Size3 at = {x, y, z};
        for (size_t axis = 0; axis < 3; ++axis) {
          box.low[axis] = std::min(box.low[axis], at[axis]);
          box.high[axis] = std::max(box.high[axis], at[axis] + 1);
        }
      }
    }
  }
  REVUNET_EXPECTS(box.high[0] > 0, DataError,
                  "[{}] expected voxels other than 0, got zeros in all modalities; check the files", volumes.name);
  return box;
}

Size3 nonzero_extent(const CaseVolumes& volumes) {
  expect_volumes_fit(volumes);
  return nonzero_box(volumes).extent();
}

Preprocessed preprocess(const CaseVolumes& volumes, const Size3& size) {
  REVUNET_EXPECTS(*std::min_element(size.begin(), size.end()) > 0, UsageError,
                  "[preprocess] expected positive sizes, got {}; choose another field of view", fmt::join(size, " x "));
  expect_volumes_fit(volumes);
  const NonzeroBox box = nonzero_box(volumes);
  Preprocessed result;
  result.task = volumes.task;
  const size_t channels = volumes.modalities.size();
  result.placement = place(box, size);
  result.cropped_at = volumes.cropped_at;
  for (size_t axis = 0; axis < 3; ++axis) {
    result.cut[axis] = box.high[axis] - box.low[axis] - result.placement.extent[axis];
  }
  result.image.resize(static_cast<size_t>(voxels_in(size)) * channels);
  for_each_placed(result.placement, volumes.grid.size, [&](size_t to, size_t from) {
    for (size_t c = 0; c < channels; ++c) result.image[to * channels + c] = volumes.modalities[c][from];
  });
  result.statistics = Normaliser(result.image, volumes, result.placement).normalise();
  if (volumes.labels) {
    result.labels.resize(static_cast<size_t>(voxels_in(size)));
    for_each_placed(result.placement, volumes.grid.size,
                    [&](size_t to, size_t from) { result.labels[to] = (*volumes.labels)[from]; });
    expect_labels(result.labels, volumes);
  }
  return result;
}

void clear_padding(std::span<uint8_t> labels, const Placement& placement) {
  const auto [X, Y, Z] = placement.size;
  REVUNET_EXPECTS(std::ssize(labels) == voxels_in(placement.size), Error,
                  "[padding] expected {} labels, got {}; pass the placement of the same case",
                  voxels_in(placement.size), labels.size());
  const auto is_placed = [&](size_t axis, int64_t at) {
    const int64_t first = placement.destination_offset[axis];
    return at >= first && at < first + placement.extent[axis];
  };
  size_t voxel = 0;
  for (int64_t x = 0; x < X; ++x) {
    for (int64_t y = 0; y < Y; ++y) {
      const bool row_is_placed = is_placed(0, x) && is_placed(1, y);
      for (int64_t z = 0; z < Z; ++z, ++voxel) {
        if (!row_is_placed || !is_placed(2, z)) labels[voxel] = 0;
      }
    }
  }
}

std::vector<uint8_t> paste_labels_back(std::span<const uint8_t> labels, const Placement& placement,
                                       const Size3& volume_size) {
  expect_placement_fits(placement, volume_size, labels.size(), 1);
  std::vector<uint8_t> result(static_cast<size_t>(voxels_in(volume_size)));
  for_each_placed(placement, volume_size, [&](size_t from, size_t to) { result[to] = labels[from]; });
  return result;
}

std::vector<float> paste_channels_back(std::span<const float> values, int64_t channels, const Placement& placement,
                                       const Size3& volume_size) {
  expect_placement_fits(placement, volume_size, values.size(), channels);
  const auto frame = static_cast<size_t>(voxels_in(volume_size)), count = static_cast<size_t>(channels);
  std::vector<float> result(frame * count);
  for_each_placed(placement, volume_size, [&](size_t from, size_t to) {
    for (size_t c = 0; c < count; ++c) result[c * frame + to] = values[from * count + c];
  });
  return result;
}

}  // namespace revunet::io
