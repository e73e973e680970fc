#include <algorithm>
#include <vector>

#include "kernels/warp_planes/warp_geometry.h"
#include "kernels/warp_planes/warp_planes.h"

namespace revunet::cpu {

namespace {

PlaneMap<double> map_of(const PlaneWarp& warp, const Activation& field) {
  PlaneMap<double> map{field.D, field.H, {}, {}};
  std::ranges::copy(warp.matrix, map.matrix);
  for (size_t axis = 0; axis < 2; ++axis) std::ranges::copy(warp.deformation[axis], map.deformation[axis]);
  return map;
}

// A Column is a column of the window, all of z. It starts at voxel z0 of the field of view, and runs down where z is
// flipped.
struct Column {
  int64_t count, first, step;  // voxels of the window; position in the source
};

template <class T>
void interpolate(const float* source, const Activation& field, const Corners<double>& at, const Column& column,
                 const std::array<float, kMostChannels>& shift, T* to) {
  const float* rows[4];
  float weights[4];
  for (size_t i = 0; i < 4; ++i) {
    rows[i] = source + ((at.x[i / 2] * field.H + at.y[i % 2]) * field.W + column.first) * field.C;
    weights[i] = static_cast<float>(at.weights[i / 2][i % 2]);
  }
  for (int64_t z = 0; z < column.count; ++z) {
    const int64_t from = z * column.step * field.C;
    for (int64_t c = 0; c < field.C; ++c) {
      const float value = (weights[0] * rows[0][from + c] + weights[1] * rows[1][from + c]) +
                          (weights[2] * rows[2][from + c] + weights[3] * rows[3][from + c]);
      to[z * field.C + c] = static_cast<T>(value == 0 ? 0.0f : value + shift[static_cast<size_t>(c)]);
    }
  }
}

void take_nearest(const uint8_t* labels, const Activation& field, const Place<double>& place, const Column& column,
                  uint8_t* to) {
  const int64_t x = nearest(place.x, field.D), y = nearest(place.y, field.H);
  if (x < 0 || y < 0) {
    std::fill_n(to, column.count, uint8_t{0});
    return;
  }
  const uint8_t* row = labels + (x * field.H + y) * field.W + column.first;
  for (int64_t z = 0; z < column.count; ++z) to[z] = row[z * column.step];
}

}  // namespace

void warp_planes(const Context& ctx, const Tensor& source, const Tensor& source_labels, const PlaneWarp& warp,
                 const std::array<int64_t, 3>& low, Tensor& image, Tensor& labels) {
  if (!ctx.device.computes()) return;
  dispatch(image.dtype(), [&]<class T>() {
    const float* from = source.data<float>();
    const uint8_t* from_labels = source_labels.data<uint8_t>();
    T* to = image.data<T>();
    uint8_t* to_labels = labels.data<uint8_t>();
    const Activation field = activation(source.shape()), window = activation(image.shape());
    const PlaneMap<double> map = map_of(warp, field);
    const Column column{window.W, warp.flip[2] ? field.W - 1 - low[2] : low[2], warp.flip[2] ? -1 : 1};
#pragma omp parallel for collapse(2)
    for (int64_t i = 0; i < window.D; ++i) {
      for (int64_t j = 0; j < window.H; ++j) {
        const int64_t x = low[0] + i, y = low[1] + j;
        const auto place = place_of(map, warp.flip[0] ? field.D - 1 - x : x, warp.flip[1] ? field.H - 1 - y : y);
        const int64_t first = (i * window.H + j) * window.W;
        interpolate(from, field, corners_of(map, place), column, warp.shift, to + first * field.C);
        take_nearest(from_labels, field, place, column, to_labels + first);
      }
    }
  });
}

}  // namespace revunet::cpu
