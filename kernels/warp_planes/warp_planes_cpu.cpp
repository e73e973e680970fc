#include <algorithm>

#include "kernels/warp_planes/warp_geometry.h"
#include "kernels/warp_planes/warp_planes.h"

namespace revunet::REVUNET_CPU {

namespace {

// A tile along z has so many places, in so many planes. With 4 channels of f32, a plane's part is 1 KiB.
constexpr int64_t kPlaces = 64, kPlanes = 8;

// A Source says where a line of voxels along n comes from, within the first plane of the source.
struct Source {
  int64_t voxels[4];
  float weights[4];
  int64_t nearest;  // -1 outside
};

Source source_of(const PlaneMap<double>& map, int64_t u, int64_t v) {
  const auto place = place_of(map, u, v);
  const auto corners = corners_of(map, place);
  Source source{{}, {}, nearest_voxel(map, place)};
  for (size_t i = 0; i < 4; ++i) {
    source.voxels[i] = corners.u[i / 2] * map.stride_u + corners.v[i % 2] * map.stride_v;
    source.weights[i] = static_cast<float>(corners.weights[i / 2][i % 2]);
  }
  return source;
}

// A Line is a run of voxels along n. It goes down the source where n is flipped.
struct Line {
  int64_t count;
  int64_t first, step;  // in voxels of the source: the first one's plane, and from one to the next
  int64_t to_step;      // the same in the window
};

template <class T>
void interpolate(const float* source, int64_t channels, const Source& at, const Line& line,
                 const std::array<float, kMostChannels>& shift, T* to) {
  const float* rows[4];
  for (size_t i = 0; i < 4; ++i) rows[i] = source + (at.voxels[i] + line.first) * channels;
  for (int64_t n = 0; n < line.count; ++n) {
    const int64_t from = n * line.step * channels;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      const float value = (at.weights[0] * rows[0][from + c] + at.weights[1] * rows[1][from + c]) +
                          (at.weights[2] * rows[2][from + c] + at.weights[3] * rows[3][from + c]);
      to[n * line.to_step * channels + c] = static_cast<T>(value == 0 ? 0.0f : value + shift[static_cast<size_t>(c)]);
    }
  }
}

void take_nearest(const uint8_t* labels, const Source& at, const Line& line, uint8_t* to) {
  for (int64_t n = 0; n < line.count; ++n) {
    to[n * line.to_step] = at.nearest < 0 ? uint8_t{0} : labels[at.nearest + line.first + n * line.step];
  }
}

}  // namespace

void warp_planes(const Context& ctx, const Tensor& source, const Tensor& source_labels, const PlaneWarp& warp,
                 const std::array<int64_t, 3>& low, Tensor& image, Tensor& labels) {
  if (!ctx.device.computes()) return;
  const Activation from = activation(source.shape()), to = activation(image.shape());
  const std::array<int64_t, 3> field = {from.D, from.H, from.W}, window = {to.D, to.H, to.W};
  const std::array<int64_t, 3> steps = voxel_strides(from), to_steps = voxel_strides(to);
  const size_t u = plane_axes(warp.normal)[0], v = plane_axes(warp.normal)[1], n = static_cast<size_t>(warp.normal);
  const PlaneMap<double> map = map_of<double>(warp, from);
  const auto mirrored = [&](size_t axis, int64_t voxel) {
    const int64_t at = low[axis] + voxel;
    return warp.flip[axis] ? field[axis] - 1 - at : at;
  };
  // Neighbours along z are neighbours in memory. So a whole line along z is computed at once. Lines along x or y are
  // computed a few planes at a time, for a tile of places along z.
  const bool along_z = warp.normal == 2;
  const int64_t tile = along_z ? 1 : kPlaces, deep = along_z ? window[n] : kPlanes;
  const float* voxels = source.data<float>();
  const uint8_t* voxel_labels = source_labels.data<uint8_t>();
  uint8_t* to_labels = labels.data<uint8_t>();
  dispatch(image.dtype(), [&]<class T>() {
    T* to_voxels = image.data<T>();
#pragma omp parallel for collapse(2)
    for (int64_t i = 0; i < window[u]; ++i) {
      for (int64_t first = 0; first < window[v]; first += tile) {
        const int64_t places = std::min(tile, window[v] - first);
        Source at[kPlaces];
        for (int64_t j = 0; j < places; ++j) at[j] = source_of(map, mirrored(u, i), mirrored(v, first + j));
        for (int64_t k = 0; k < window[n]; k += deep) {
          const Line line{std::min(deep, window[n] - k), mirrored(n, k) * steps[n], warp.flip[n] ? -steps[n] : steps[n],
                          to_steps[n]};
          const int64_t voxel = i * to_steps[u] + first * to_steps[v] + k * to_steps[n];
          for (int64_t j = 0; j < places; ++j) {
            const int64_t target = voxel + j * to_steps[v];
            interpolate(voxels, to.C, at[j], line, warp.shift, to_voxels + target * to.C);
            take_nearest(voxel_labels, at[j], line, to_labels + target);
          }
        }
      }
    }
  });
}

}  // namespace revunet::REVUNET_CPU
