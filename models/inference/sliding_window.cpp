#include "models/inference/sliding_window.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace revunet {

namespace {

int64_t voxels_of(const io::Size3& size) {
  return size[0] * size[1] * size[2];
}

// Calls visit(voxel of the image, voxel of the window, voxels) for each line along z of a window that begins at `at`.
template <class Visit>
void for_each_line(const io::Size3& size, const io::Size3& window, const io::Size3& at, Visit&& visit) {
  for (int64_t x = 0; x < window[0]; ++x) {
    for (int64_t y = 0; y < window[1]; ++y) {
      visit(((at[0] + x) * size[1] + at[1] + y) * size[2] + at[2], (x * window[1] + y) * window[2], window[2]);
    }
  }
}

// Sums holds the weighted sums so far.
class Sums {
 public:
  Sums(const io::Size3& size, const io::Size3& window, int64_t channels)
      : size_(size),
        window_(window),
        channels_(channels),
        importance_(importance(window)),
        values_(static_cast<size_t>(voxels_of(size) * channels)),
        weights_(static_cast<size_t>(voxels_of(size))) {}

  void add(const std::vector<float>& predicted, const io::Size3& at) {
    REVUNET_EXPECTS(std::ssize(predicted) == voxels_of(window_) * channels_, Error,
                    "[predict_by_windows] expected {} channels of {} voxels from the network, got {} values; pass its "
                    "own number of channels",
                    channels_, fmt::join(window_, " x "), predicted.size());
    for_each_line(size_, window_, at, [&](int64_t to, int64_t from, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        const float weight = importance_[from + i];
        weights_[to + i] += weight;
        for (int64_t c = 0; c < channels_; ++c) {
          values_[(to + i) * channels_ + c] += weight * predicted[(from + i) * channels_ + c];
        }
      }
    });
  }

  std::vector<float> means() && {
    for (size_t i = 0; i < weights_.size(); ++i) {
      for (int64_t c = 0; c < channels_; ++c) values_[static_cast<int64_t>(i) * channels_ + c] /= weights_[i];
    }
    return std::move(values_);
  }

 private:
  io::Size3 size_, window_;
  int64_t channels_;
  std::vector<float> importance_, values_, weights_;
};

void check(size_t values, const io::Size3& size, int64_t in, const Windows& windows) {
  bool fits = static_cast<int64_t>(values) == voxels_of(size) * in && windows.overlap >= 0 && windows.overlap < 1;
  for (size_t axis = 0; axis < 3; ++axis) {
    fits = fits && windows.size[axis] > 0 && windows.size[axis] <= size[axis];
  }
  REVUNET_EXPECTS(fits, Error,
                  "[predict_by_windows] expected an image of {} x {} channels that holds windows of {}, overlapping by "
                  "less than their size, got {} values and an overlap of {}; pad the image",
                  fmt::join(size, " x "), in, fmt::join(windows.size, " x "), values, windows.overlap);
}

}  // namespace

std::vector<int64_t> window_starts(int64_t length, int64_t window, double overlap) {
  const int64_t free = length - window;
  const double longest_step = std::max(1.0, static_cast<double>(window) * (1 - overlap));
  constexpr double rounding = 1e-9;  // of a share such as 0.8, which has no exact binary form
  const auto steps = static_cast<int64_t>(std::ceil(static_cast<double>(free) / longest_step - rounding));
  std::vector<int64_t> starts = {0};
  for (int64_t i = 1; i <= steps; ++i) starts.push_back((2 * free * i + steps) / (2 * steps));  // rounded
  return starts;
}

int64_t window_count(const io::Size3& size, const Windows& windows) {
  int64_t count = 1;
  for (size_t axis = 0; axis < 3; ++axis) {
    count *= std::ssize(window_starts(size[axis], windows.size[axis], windows.overlap));
  }
  return count;
}

std::vector<float> importance(const io::Size3& window) {
  constexpr double deviations = 8;  // of the Gaussian, per window
  std::array<std::vector<double>, 3> along;
  for (size_t axis = 0; axis < 3; ++axis) {
    const auto length = static_cast<double>(window[axis]);
    for (int64_t i = 0; i < window[axis]; ++i) {
      const double from_centre = (static_cast<double>(i) - (length - 1) / 2) * deviations / length;
      along[axis].push_back(std::exp(-from_centre * from_centre / 2));
    }
  }
  std::vector<float> weights;
  weights.reserve(static_cast<size_t>(voxels_of(window)));
  for (const double x : along[0]) {
    for (const double y : along[1]) {
      for (const double z : along[2]) weights.push_back(static_cast<float>(x * y * z));
    }
  }
  return weights;
}

std::vector<float> predict_by_windows(std::span<const float> image, const io::Size3& size, int64_t in, int64_t out,
                                      const Windows& windows, const WindowNetwork& network) {
  check(image.size(), size, in, windows);
  Sums sums(size, windows.size, out);
  std::vector<float> seen(static_cast<size_t>(voxels_of(windows.size) * in));
  std::array<std::vector<int64_t>, 3> starts;
  for (size_t axis = 0; axis < 3; ++axis) {
    starts[axis] = window_starts(size[axis], windows.size[axis], windows.overlap);
  }
  for (const int64_t x : starts[0]) {
    for (const int64_t y : starts[1]) {
      for (const int64_t z : starts[2]) {
        for_each_line(size, windows.size, {x, y, z}, [&](int64_t from, int64_t to, int64_t count) {
          std::copy_n(image.begin() + from * in, count * in, seen.begin() + to * in);
        });
        sums.add(network(seen), {x, y, z});
      }
    }
  }
  return std::move(sums).means();
}

}  // namespace revunet
