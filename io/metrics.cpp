#include "io/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/error.h"

namespace revunet::io {
namespace {

using Index3 = std::array<int64_t, 3>;
using Spacing = std::array<double, 3>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double hd95_quantile = 0.95;

// A part of the image: first voxel and extent along x, y, z.
struct Box {
  Index3 low;
  Index3 size;
  int64_t voxels() const { return size[0] * size[1] * size[2]; }
};

// The smallest box that holds every voxel of both masks, of which one at least is not empty. Distances and edges inside
// it are those of the whole image: everything outside is background, and all end points of distances lie inside.
Box bounding_box(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size) {
  Index3 low = size, high = {-1, -1, -1};
  for (int64_t z = 0, i = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      for (int64_t x = 0; x < size[0]; ++x, ++i) {
        if (a[i] == 0 && b[i] == 0) continue;
        low = {std::min(low[0], x), std::min(low[1], y), std::min(low[2], z)};
        high = {std::max(high[0], x), std::max(high[1], y), std::max(high[2], z)};
      }
    }
  }
  return {low, {high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1}};
}

// 1 for the voxels of the mask with a 6-neighbour outside it, else 0; (X, Y, Z) of the box, x fastest. A voxel on the
// box's face is an edge, because the voxel beyond is background or outside the image.
std::vector<uint8_t> edges_in(const Box& box, std::span<const uint8_t> mask, const Index3& image_size) {
  const Index3 stride = {1, image_size[0], image_size[0] * image_size[1]};
  std::vector<uint8_t> edges(static_cast<size_t>(box.voxels()));
#pragma omp parallel for
  for (int64_t z = 0; z < box.size[2]; ++z) {
    for (int64_t y = 0; y < box.size[1]; ++y) {
      for (int64_t x = 0; x < box.size[0]; ++x) {
        const int64_t i = (box.low[0] + x) * stride[0] + (box.low[1] + y) * stride[1] + (box.low[2] + z) * stride[2];
        if (mask[i] == 0) continue;
        const Index3 at = {x, y, z};
        bool edge = false;
        for (size_t axis = 0; axis < 3 && !edge; ++axis) {
          edge = at[axis] == 0 || at[axis] == box.size[axis] - 1 || mask[i - stride[axis]] == 0 ||
                 mask[i + stride[axis]] == 0;
        }
        edges[x + box.size[0] * (y + box.size[1] * z)] = edge;
      }
    }
  }
  return edges;
}

// One line of a squared distance transform: out[q] = min over v of f[v] + ((q - v) * spacing)^2, by the lower envelope
// of the parabolas, in linear time (Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions, 2012).
class LowerEnvelope {
 public:
  explicit LowerEnvelope(int64_t longest) : f_(longest), vertex_(longest), begin_(longest + 1) {}

  void transform(double* line, int64_t count, int64_t stride, double spacing) {
    for (int64_t q = 0; q < count; ++q) f_[q] = line[q * stride];
    int64_t last = -1;  // parabolas in the envelope, less one
    for (int64_t q = 0; q < count; ++q) {
      if (f_[q] == infinity) continue;
      double from = -infinity;  // where the parabola at q drops below the last one
      while (last >= 0 && (from = crossing(vertex_[last], q, spacing)) <= begin_[last]) --last;
      if (last < 0) from = -infinity;
      vertex_[++last] = q;
      begin_[last] = from;
    }
    if (last < 0) return;  // no finite value on this line: it stays infinite
    begin_[last + 1] = infinity;
    for (int64_t q = 0, k = 0; q < count; ++q) {
      while (begin_[k + 1] < static_cast<double>(q)) ++k;
      const double offset = static_cast<double>(q - vertex_[k]) * spacing;
      line[q * stride] = f_[vertex_[k]] + offset * offset;
    }
  }

 private:
  // The position, in voxels, from which the parabola at q is below the one at v < q.
  double crossing(int64_t v, int64_t q, double spacing) const {
    return (f_[q] - f_[v]) / (2 * spacing * spacing * static_cast<double>(q - v)) + static_cast<double>(q + v) / 2;
  }

  std::vector<double> f_;
  std::vector<int64_t> vertex_;
  std::vector<double> begin_;  // the k-th parabola is the lowest from begin_[k] to begin_[k + 1]
};

// mm^2 from each voxel to the nearest source; (X, Y, Z), x fastest. There is one source at least.
std::vector<double> squared_distances(const std::vector<uint8_t>& sources, const Index3& size, const Spacing& spacing) {
  std::vector<double> squared(sources.size());
  std::transform(sources.begin(), sources.end(), squared.begin(), [](uint8_t s) { return s != 0 ? 0.0 : infinity; });
  const Index3 stride = {1, size[0], size[0] * size[1]};
  for (size_t axis = 0; axis < 3; ++axis) {
    const size_t inner = axis == 0 ? 1 : 0, outer = axis == 2 ? 1 : 2;  // the other two axes
#pragma omp parallel
    {
      LowerEnvelope envelope(size[axis]);
#pragma omp for collapse(2)
      for (int64_t j = 0; j < size[outer]; ++j) {
        for (int64_t i = 0; i < size[inner]; ++i) {
          envelope.transform(squared.data() + i * stride[inner] + j * stride[outer], size[axis], stride[axis],
                             spacing[axis]);
        }
      }
    }
  }
  return squared;
}

// Appends mm^2 from each voxel of `from` to the nearest of `to`.
void append_directed(const std::vector<uint8_t>& from, const std::vector<uint8_t>& to, const Box& box,
                     const Spacing& spacing, std::vector<double>& squared) {
  const std::vector<double> distances = squared_distances(to, box.size, spacing);
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 0) squared.push_back(distances[i]);
  }
}

// numpy.percentile(sqrt(squared), 95) with its linear interpolation, to the last bit of the interpolation.
double percentile_95(std::vector<double>& squared) {
  const double position = static_cast<double>(squared.size() - 1) * hd95_quantile;
  const auto below = squared.begin() + static_cast<int64_t>(position);
  std::nth_element(squared.begin(), below, squared.end());
  const double low = std::sqrt(*below);
  const auto above = std::min_element(below + 1, squared.end());
  if (above == squared.end()) return low;
  const double high = std::sqrt(*above), fraction = position - std::floor(position);
  return fraction >= 0.5 ? high - (high - low) * (1 - fraction) : low + (high - low) * fraction;
}

double hausdorff_95(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size,
                    const Spacing& spacing) {
  const Box box = bounding_box(a, b, size);
  const std::vector<uint8_t> edges_a = edges_in(box, a, size), edges_b = edges_in(box, b, size);
  std::vector<double> squared;
  append_directed(edges_a, edges_b, box, spacing, squared);
  append_directed(edges_b, edges_a, box, spacing, squared);
  return percentile_95(squared);
}

double ratio_or(int64_t numerator, int64_t denominator, double when_undefined) {
  return denominator == 0 ? when_undefined : static_cast<double>(numerator) / static_cast<double>(denominator);
}

void check(std::span<const uint8_t> reference, std::span<const uint8_t> prediction, const Index3& size,
           const Spacing& spacing) {
  const bool counts_fit = std::all_of(size.begin(), size.end(), [](int64_t extent) { return extent > 0; }) &&
                          std::ssize(reference) == size[0] * size[1] * size[2] && reference.size() == prediction.size();
  REVUNET_EXPECTS(
      counts_fit, Error,
      "[compare_masks] expected two masks of {} x {} x {} voxels, got {} and {} voxels; pass masks of one grid",
      size[0], size[1], size[2], reference.size(), prediction.size());
  const bool usable =
      std::all_of(spacing.begin(), spacing.end(), [](double mm) { return mm > 0 && std::isfinite(mm); });
  REVUNET_EXPECTS(usable, Error,
                  "[compare_masks] expected a positive spacing in mm, got {} x {} x {}; repair the header", spacing[0],
                  spacing[1], spacing[2]);
}

}  // namespace

MaskMetrics compare_masks(std::span<const uint8_t> reference, std::span<const uint8_t> prediction,
                          const std::array<int64_t, 3>& size, const std::array<double, 3>& spacing) {
  check(reference, prediction, size, spacing);
  MaskMetrics result;
  for (size_t i = 0; i < reference.size(); ++i) {
    result.reference_voxels += reference[i] != 0;
    result.prediction_voxels += prediction[i] != 0;
    result.common_voxels += reference[i] != 0 && prediction[i] != 0;
  }
  const int64_t outside_reference = std::ssize(reference) - result.reference_voxels;
  const int64_t outside_both = outside_reference - (result.prediction_voxels - result.common_voxels);
  result.dice = ratio_or(2 * result.common_voxels, result.reference_voxels + result.prediction_voxels, 1);
  result.sensitivity = ratio_or(result.common_voxels, result.reference_voxels, 1);
  result.specificity = ratio_or(outside_both, outside_reference, 1);
  if (result.reference_empty() || result.prediction_empty()) {
    result.hd95 = result.reference_empty() && result.prediction_empty() ? 0 : hd95_of_one_empty_mask;
  } else {
    result.hd95 = hausdorff_95(reference, prediction, size, spacing);
  }
  return result;
}

}  // namespace revunet::io
