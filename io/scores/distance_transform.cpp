#include "io/scores/distance_transform.h"

#include <algorithm>
#include <limits>

namespace revunet::io {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Transforms one line: out[q] = min over v of f[v] + ((q - v) * spacing)^2.
class LowerEnvelope {
 public:
  explicit LowerEnvelope(int64_t longest) : f_(longest), vertex_(longest), begin_(longest + 1) {}

  void transform(double* line, int64_t count, int64_t stride, double spacing) {
    for (int64_t q = 0; q < count; ++q) f_[q] = line[q * stride];
    int64_t last = -1;  // index of the last parabola in the envelope
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
  // Returns the position, in voxels, from which the parabola at q is below the one at v < q.
  double crossing(int64_t v, int64_t q, double spacing) const {
    return (f_[q] - f_[v]) / (2 * spacing * spacing * static_cast<double>(q - v)) + static_cast<double>(q + v) / 2;
  }

  std::vector<double> f_;
  std::vector<int64_t> vertex_;
  std::vector<double> begin_;  // the k-th parabola is the lowest from begin_[k] to begin_[k + 1]
};

}  // namespace

std::vector<double> squared_distances(std::span<const uint8_t> sources, const Index3& size, const Spacing3& spacing) {
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

}  // namespace revunet::io
