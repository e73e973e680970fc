#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/warp_planes/warp_geometry.h"
#include "kernels/warp_planes/warp_planes.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 256;  // threads per block

// A Window says where the window lies in the field of view.
struct Window {
  int64_t X, Y, Z;        // of the window
  int64_t low[3], depth;  // its first voxel; Z of the field of view
  bool flip[3];
};

struct Shift {
  float of[kMostChannels];
};

// A Volume has `channels` channels, and `stride` elements from voxel to voxel.
template <class T>
struct Volume {
  T* data;
  int64_t channels, stride;
};

// Each thread computes one voxel of the window.
template <class T>
__global__ void __launch_bounds__(kThreads)
    warp_planes_kernel(PlaneMap<float> map, Window w, Shift shift, Volume<const float> source,
                       const uint8_t* source_labels, Volume<T> image, uint8_t* labels) {
  const int64_t voxel = grid_thread();
  if (voxel >= w.X * w.Y * w.Z) return;
  int64_t x = w.low[0] + voxel / (w.Z * w.Y), y = w.low[1] + voxel / w.Z % w.Y, z = w.low[2] + voxel % w.Z;
  if (w.flip[0]) x = map.X - 1 - x;
  if (w.flip[1]) y = map.Y - 1 - y;
  if (w.flip[2]) z = w.depth - 1 - z;
  const Place<float> place = place_of(map, x, y);
  const Corners<float> at = corners_of(map, place);
  for (int64_t c = 0; c < image.stride; ++c) {
    float value = 0;
    for (int i = 0; i < 4 && c < image.channels; ++i) {
      const int64_t from = (at.x[i / 2] * map.Y + at.y[i % 2]) * w.depth + z;
      value += at.weights[i / 2][i % 2] * source.data[from * source.stride + c];
    }
    image.data[voxel * image.stride + c] = static_cast<T>(value == 0 ? 0.0f : value + shift.of[c]);
  }
  const int64_t nx = nearest(place.x, map.X), ny = nearest(place.y, map.Y);
  labels[voxel] = nx >= 0 && ny >= 0 ? source_labels[(nx * map.Y + ny) * w.depth + z] : uint8_t{0};
}

template <class T>
Volume<T> volume_of(Tensor& x) {
  return {x.data<T>(), activation(x.shape()).C, x.channel_stride()};
}

Volume<const float> volume_of(const Tensor& x) {
  return {x.data<float>(), activation(x.shape()).C, x.channel_stride()};
}

}  // namespace

void warp_planes(const Context& ctx, const Tensor& source, const Tensor& source_labels, const PlaneWarp& warp,
                 const std::array<int64_t, 3>& low, Tensor& image, Tensor& labels) {
  const Activation field = activation(source.shape()), to = activation(image.shape());
  PlaneMap<float> map{field.D, field.H, {}, {}};
  for (size_t i = 0; i < 4; ++i) map.matrix[i] = static_cast<float>(warp.matrix[i]);
  for (size_t i = 0; i < 18; ++i) map.deformation[i / 9][i % 9] = static_cast<float>(warp.deformation[i / 9][i % 9]);
  const Window window{to.D, to.H, to.W, {low[0], low[1], low[2]}, field.W, {warp.flip[0], warp.flip[1], warp.flip[2]}};
  Shift shift{};
  for (size_t c = 0; c < kMostChannels; ++c) shift.of[c] = warp.shift[c];
  dispatch_f32_bf16(image.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(to.voxels(), kThreads), dim3(kThreads), warp_planes_kernel<T>, map, window, shift,
           volume_of(source), source_labels.data<uint8_t>(), volume_of<T>(image), labels.data<uint8_t>());
  });
}

}  // namespace revunet::cuda
