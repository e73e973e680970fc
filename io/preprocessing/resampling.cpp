#include "io/preprocessing/resampling.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/nifti/size_text.h"

namespace revunet::io {
namespace {

constexpr int64_t kMargin = 2;  // voxels beyond each face that a cubic spline looks at
constexpr int64_t kTaps = 4;
constexpr int64_t kLines = 16;  // lines that are resampled together

void expect_sizes(size_t voxels, const Size3& from, const Size3& to) {
  REVUNET_EXPECTS(
      std::ranges::min(from) >= 1 && std::ranges::min(to) >= 1 && static_cast<int64_t>(voxels) == voxels_in(from),
      Error, "[resample] expected {} voxels for a size of at least 1, got {}; pass the size of the image",
      size_text(from), voxels);
}

// A Position is where a voxel of the new grid lies in the old one.
struct Position {
  int64_t below;  // the voxel at or below it, from -1
  double share;   // of the way to the next voxel
};

Position position_of(int64_t i, int64_t from, int64_t to) {
  const double at = (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5;
  const double below = std::floor(at);
  return {static_cast<int64_t>(below), at - below};
}

// Returns the weights of the voxels from the one before `below` on.
std::array<double, kTaps> weights_at(double t, Interpolation interpolation) {
  if (interpolation == Interpolation::linear) return {0, 1 - t, t, 0};
  const double u = 1 - t;
  return {u * u * u / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * u * u * u - 6 * u * u + 4) / 6, t * t * t / 6};
}

// Resamples lines of one length. A Bundle has kLines of them next to each other, with a margin at both ends.
class LineResampler {
 public:
  using Bundle = std::vector<std::array<double, kLines>>;

  LineResampler(int64_t from, int64_t to, Interpolation interpolation)
      : from_(from), to_(to), interpolation_(interpolation) {
    for (int64_t i = 0; i < to; ++i) {
      const Position p = position_of(i, from, to);
      first_.push_back(p.below - 1 + kMargin);
      weights_.push_back(weights_at(p.share, interpolation));
    }
  }

  // Resamples `count` lines. Line l begins at from[l], and its voxels are `stride` apart; `to` likewise.
  void resample(const float* from, float* to, int64_t stride, int64_t count, Bundle& lines) const {
    lines.resize(static_cast<size_t>(from_ + 2 * kMargin));
    for (int64_t i = -kMargin; i < from_ + kMargin; ++i) {
      const float* voxel = from + std::clamp<int64_t>(i, 0, from_ - 1) * stride;
      for (int64_t l = 0; l < count; ++l) lines[at(i + kMargin)][at(l)] = voxel[l];
    }
    if (interpolation_ == Interpolation::cubic) filter(lines);
    for (int64_t i = 0; i < to_; ++i) {
      const auto first = at(first_[at(i)]);
      const auto& w = weights_[at(i)];
      for (size_t l = 0; l < at(count); ++l) {
        const double sum = w[0] * lines[first][l] + w[1] * lines[first + 1][l] + w[2] * lines[first + 2][l] +
                           w[3] * lines[first + 3][l];
        to[i * stride + static_cast<int64_t>(l)] = static_cast<float>(sum);
      }
    }
  }

 private:
  static size_t at(int64_t i) { return static_cast<size_t>(i); }

  // Turns values into the coefficients of the spline through them. Both ends go on for ever with their values, so the
  // sums with which the recursions begin have closed forms.
  static void filter(Bundle& lines) {
    const double z = std::sqrt(3.0) - 2;
    const size_t n = lines.size();
    for (size_t l = 0; l < kLines; ++l) {
      const double last = lines[n - 1][l];
      lines[0][l] *= 6 / (1 - z);
      for (size_t i = 1; i < n; ++i) lines[i][l] = 6 * lines[i][l] + z * lines[i - 1][l];
      const double limit = 6 * last / (1 - z);
      lines[n - 1][l] = -z * (limit / (1 - z) + (lines[n - 1][l] - limit) / (1 - z * z));
      for (size_t i = n - 1; i-- > 0;) lines[i][l] = z * (lines[i + 1][l] - lines[i][l]);
    }
  }

  int64_t from_, to_;
  Interpolation interpolation_;
  std::vector<int64_t> first_;  // of the taps, in a line with its margin
  std::vector<std::array<double, kTaps>> weights_;
};

// Resamples along one axis. `size` becomes that of the result.
std::vector<float> along_axis(std::span<const float> voxels, Size3& size, size_t axis, int64_t to,
                              Interpolation interpolation) {
  const LineResampler line(size[axis], to, interpolation);
  int64_t stride = 1, blocks = 1;
  for (size_t a = 0; a < axis; ++a) stride *= size[a];
  for (size_t a = axis + 1; a < 3; ++a) blocks *= size[a];
  std::vector<float> result(static_cast<size_t>(stride * to * blocks));
#pragma omp parallel
  {
    LineResampler::Bundle lines;
#pragma omp for collapse(2) schedule(static)
    for (int64_t block = 0; block < blocks; ++block) {
      for (int64_t first = 0; first < stride; first += kLines) {
        line.resample(voxels.data() + block * size[axis] * stride + first, result.data() + block * to * stride + first,
                      stride, std::min(kLines, stride - first), lines);
      }
    }
  }
  size[axis] = to;
  return result;
}

// Votes are the linear weights of the labels around a voxel.
class Votes {
 public:
  void add(uint8_t label, double weight) {
    size_t i = 0;
    while (i < count_ && labels_[i] != label) ++i;
    if (i == count_) {
      labels_[count_] = label;
      weights_[count_++] = 0;
    }
    weights_[i] += weight;
  }
  uint8_t winner() const {
    size_t best = 0;
    for (size_t i = 1; i < count_; ++i) {
      if (weights_[i] > weights_[best] || (weights_[i] == weights_[best] && labels_[i] < labels_[best])) best = i;
    }
    return labels_[best];
  }

 private:
  static constexpr size_t kCorners = 8;
  size_t count_ = 0;
  std::array<uint8_t, kCorners> labels_{};
  std::array<double, kCorners> weights_{};
};

// A Pair has the two voxels between which a position lies along an axis, and their weights.
struct Pair {
  std::array<int64_t, 2> voxel;
  std::array<double, 2> weight;
};

std::vector<Pair> pairs_along(int64_t from, int64_t to) {
  std::vector<Pair> pairs;
  for (int64_t i = 0; i < to; ++i) {
    const Position p = position_of(i, from, to);
    pairs.push_back({{std::clamp<int64_t>(p.below, 0, from - 1), std::clamp<int64_t>(p.below + 1, 0, from - 1)},
                     {1 - p.share, p.share}});
  }
  return pairs;
}

}  // namespace

std::vector<float> resampled(std::span<const float> voxels, const Size3& from, const Size3& to,
                             Interpolation interpolation) {
  expect_sizes(voxels.size(), from, to);
  Size3 size = from;
  std::vector<float> result(voxels.begin(), voxels.end());
  for (size_t axis = 0; axis < 3; ++axis) {
    if (size[axis] != to[axis]) result = along_axis(result, size, axis, to[axis], interpolation);
  }
  return result;
}

std::vector<float> resampled_slice(std::span<const float> voxels, const Size3& from, const Size3& to, int64_t z) {
  expect_sizes(voxels.size(), from, to);
  const Pair pair = pairs_along(from[2], to[2]).at(static_cast<size_t>(z));
  const auto slice = static_cast<size_t>(from[0] * from[1]);
  const std::span<const float> below = voxels.subspan(static_cast<size_t>(pair.voxel[0]) * slice, slice),
                               above = voxels.subspan(static_cast<size_t>(pair.voxel[1]) * slice, slice);
  std::vector<float> between(slice);
  for (size_t v = 0; v < slice; ++v) {
    between[v] = static_cast<float>(pair.weight[0] * below[v] + pair.weight[1] * above[v]);
  }
  return resampled(between, {from[0], from[1], 1}, {to[0], to[1], 1}, Interpolation::linear);
}

std::vector<uint8_t> resampled_labels(std::span<const uint8_t> labels, const Size3& from, const Size3& to) {
  expect_sizes(labels.size(), from, to);
  const std::vector<Pair> xs = pairs_along(from[0], to[0]), ys = pairs_along(from[1], to[1]),
                          zs = pairs_along(from[2], to[2]);
  std::vector<uint8_t> result(static_cast<size_t>(voxels_in(to)));
#pragma omp parallel for collapse(2) schedule(static)
  for (int64_t z = 0; z < to[2]; ++z) {
    for (int64_t y = 0; y < to[1]; ++y) {
      const Pair &pz = zs[static_cast<size_t>(z)], &py = ys[static_cast<size_t>(y)];
      for (int64_t x = 0; x < to[0]; ++x) {
        const Pair& px = xs[static_cast<size_t>(x)];
        Votes votes;
        for (size_t corner = 0; corner < 8; ++corner) {
          const size_t i = corner % 2, j = corner / 2 % 2, k = corner / 4;
          const int64_t voxel = px.voxel[i] + from[0] * (py.voxel[j] + from[1] * pz.voxel[k]);
          votes.add(labels[static_cast<size_t>(voxel)], px.weight[i] * py.weight[j] * pz.weight[k]);
        }
        result[static_cast<size_t>(x + to[0] * (y + to[1] * z))] = votes.winner();
      }
    }
  }
  return result;
}

Size3 size_at_spacing(const Grid& grid, const Spacing3& spacing) {
  Size3 size{};
  for (size_t axis = 0; axis < 3; ++axis) {
    const double voxels = std::round(static_cast<double>(grid.size[axis]) * grid.spacing[axis] / spacing[axis]);
    size[axis] = static_cast<int64_t>(std::clamp(voxels, 1.0, double{VolumeSize::longest_axis + 1}));
  }
  REVUNET_EXPECTS(VolumeSize::holds(size), DataError,
                  "[spacing] expected images that have {} at the task's spacing, {} mm, got one of {} voxels of {} mm; "
                  "leave it out, or train with a larger `spacing`",
                  VolumeSize::bounds(), fmt::join(spacing, ","), size_text(grid.size), fmt::join(grid.spacing, " x "));
  return size;
}

Grid grid_of_size(const Grid& grid, const Size3& size) {
  Grid result = grid;
  result.size = size;
  for (size_t axis = 0; axis < 3; ++axis) {
    const auto column = static_cast<Eigen::Index>(axis);
    const double ratio = static_cast<double>(grid.size[axis]) / static_cast<double>(size[axis]);
    result.spacing[axis] *= ratio;
    result.affine.col(column) *= ratio;
    result.affine.col(3) += grid.affine.col(column) * ((ratio - 1) / 2);
  }
  return result;
}

}  // namespace revunet::io
