#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/warp_planes/warp_geometry.h"
#include "kernels/warp_planes/warp_planes.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 256;  // threads per block

// A Window says where the window lies in the field of view.
struct Window {
  int64_t X, Y, Z;           // of the window
  int64_t low[3], field[3];  // its first voxel; X, Y, Z of the field of view
  bool flip[3];
  int normal;
  int64_t stride_n;  // from one plane of the source to the next, in voxels
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
  if (w.flip[0]) x = w.field[0] - 1 - x;
  if (w.flip[1]) y = w.field[1] - 1 - y;
  if (w.flip[2]) z = w.field[2] - 1 - z;
  const int64_t plane = (w.normal == 0 ? x : w.normal == 1 ? y : z) * w.stride_n;  // its first voxel
  const Place<float> place = place_of(map, w.normal == 0 ? y : x, w.normal == 2 ? y : z);
  const int64_t label = nearest_voxel(map, place);
  labels[voxel] = label < 0 ? uint8_t{0} : source_labels[plane + label];
  const Corners<float> at = corners_of(map, place);
  for (int64_t c = 0; c < image.stride; ++c) {
    float value = 0;
    for (int i = 0; i < 4 && c < image.channels; ++i) {
      const int64_t from = plane + at.u[i / 2] * map.stride_u + at.v[i % 2] * map.stride_v;
      value += at.weights[i / 2][i % 2] * source.data[from * source.stride + c];
    }
    image.data[voxel * image.stride + c] = static_cast<T>(value == 0 ? 0.0f : value + shift.of[c]);
  }
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
  const Window window{.X = to.D,
                      .Y = to.H,
                      .Z = to.W,
                      .low = {low[0], low[1], low[2]},
                      .field = {field.D, field.H, field.W},
                      .flip = {warp.flip[0], warp.flip[1], warp.flip[2]},
                      .normal = warp.normal,
                      .stride_n = voxel_strides(field)[static_cast<size_t>(warp.normal)]};
  Shift shift{};
  for (size_t c = 0; c < kMostChannels; ++c) shift.of[c] = warp.shift[c];
  dispatch_f32_bf16(image.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(to.voxels(), kThreads), dim3(kThreads), warp_planes_kernel<T>, map_of<float>(warp, field),
           window, shift, volume_of(source), source_labels.data<uint8_t>(), volume_of<T>(image),
           labels.data<uint8_t>());
  });
}

}  // namespace revunet::cuda
