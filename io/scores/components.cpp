#include "io/scores/components.h"

#include <algorithm>
#include <limits>

#include "engine/error.h"

namespace revunet::io {
namespace {

// A Run is neighbouring voxels of the mask along x.
struct Run {
  int64_t begin, end;  // x, end exclusive
  int32_t parent;      // an earlier run of the same component; the first has itself
};

// Runs has all runs in order, and where those of each row (y, z) begin.
struct Runs {
  std::vector<Run> runs;
  std::vector<int32_t> row_begin;  // one more than there are rows
};

Runs runs_of(std::span<const uint8_t> mask, const Index3& size) {
  Runs result{{}, {0}};
  const int64_t rows = size[1] * size[2];
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t* voxel = mask.data() + row * size[0];
    for (int64_t x = 0; x < size[0]; ++x) {
      if (voxel[x] == 0) continue;
      const int64_t begin = x;
      while (x < size[0] && voxel[x] != 0) ++x;
      result.runs.push_back({begin, x, static_cast<int32_t>(result.runs.size())});
    }
    result.row_begin.push_back(static_cast<int32_t>(result.runs.size()));
  }
  return result;
}

int32_t root(std::vector<Run>& runs, int32_t run) {
  while (runs[run].parent != run) {
    runs[run].parent = runs[runs[run].parent].parent;  // shortens the way for the next search
    run = runs[run].parent;
  }
  return run;
}

// Joins runs of two rows that touch, corners included.
void join_rows(Runs& all, int64_t row, int64_t other) {
  int32_t i = all.row_begin[row], j = all.row_begin[other];
  while (i < all.row_begin[row + 1] && j < all.row_begin[other + 1]) {
    const Run &a = all.runs[i], &b = all.runs[j];
    if (a.begin <= b.end && b.begin <= a.end) {
      const int32_t p = root(all.runs, i), q = root(all.runs, j);
      all.runs[std::max(p, q)].parent = std::min(p, q);
    }
    ++(a.end < b.end ? i : j);
  }
}

}  // namespace

Components connected_components(std::span<const uint8_t> mask, const Index3& size) {
  REVUNET_EXPECTS(std::ssize(mask) == voxels_in(size), Error,
                  "[connected_components] expected a mask of {} x {} x {} voxels, got {}; pass its own grid", size[0],
                  size[1], size[2], mask.size());
  Runs all = runs_of(mask, size);
  for (int64_t z = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      const int64_t row = y + size[1] * z;
      if (y > 0) join_rows(all, row, row - 1);
      for (int64_t near = std::max<int64_t>(y - 1, 0); z > 0 && near <= std::min(y + 1, size[1] - 1); ++near) {
        join_rows(all, row, near + size[1] * (z - 1));
      }
    }
  }
  Components result{std::vector<int32_t>(mask.size()), {}};
  std::vector<int32_t> number(all.runs.size());  // number of a component, by its first run
  for (int64_t row = 0; row + 1 < std::ssize(all.row_begin); ++row) {
    for (int32_t i = all.row_begin[row]; i < all.row_begin[row + 1]; ++i) {
      const int32_t first = root(all.runs, i);
      if (first == i) {
        result.voxels.push_back(0);
        number[i] = result.count();
      }
      const Run& run = all.runs[i];
      const auto from = result.of.begin() + row * size[0];
      std::fill(from + run.begin, from + run.end, number[first]);
      result.voxels[number[first] - 1] += run.end - run.begin;
    }
  }
  return result;
}

std::vector<MaskBox> boxes_of(const Components& components, const Index3& size) {
  constexpr int64_t far = std::numeric_limits<int64_t>::max();
  std::vector<Index3> low(components.voxels.size(), {far, far, far}), end(components.voxels.size());
  for (int64_t z = 0, i = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      for (int64_t x = 0; x < size[0]; ++x, ++i) {
        if (components.of[i] == 0) continue;
        const size_t number = static_cast<size_t>(components.of[i]) - 1;
        const Index3 at = {x, y, z};
        for (size_t axis = 0; axis < 3; ++axis) {
          low[number][axis] = std::min(low[number][axis], at[axis]);
          end[number][axis] = std::max(end[number][axis], at[axis] + 1);
        }
      }
    }
  }
  std::vector<MaskBox> boxes;
  for (size_t i = 0; i < low.size(); ++i) {
    boxes.push_back({low[i], {end[i][0] - low[i][0], end[i][1] - low[i][1], end[i][2] - low[i][2]}});
  }
  return boxes;
}

MaskBox box_around(const MaskBox& a, const MaskBox& b) {
  MaskBox box;
  for (size_t axis = 0; axis < 3; ++axis) {
    box.low[axis] = std::min(a.low[axis], b.low[axis]);
    box.size[axis] = std::max(a.low[axis] + a.size[axis], b.low[axis] + b.size[axis]) - box.low[axis];
  }
  return box;
}

std::vector<uint8_t> mask_in(const MaskBox& box, const Components& components, const std::set<int32_t>& numbers,
                             const Index3& size) {
  std::vector<uint8_t> mask;
  mask.reserve(static_cast<size_t>(voxels_in(box.size)));
  for (int64_t z = box.low[2]; z < box.low[2] + box.size[2]; ++z) {
    for (int64_t y = box.low[1]; y < box.low[1] + box.size[1]; ++y) {
      const int64_t row = size[0] * (y + size[1] * z);
      for (int64_t x = box.low[0]; x < box.low[0] + box.size[0]; ++x) {
        mask.push_back(numbers.contains(components.of[row + x]));
      }
    }
  }
  return mask;
}

}  // namespace revunet::io
