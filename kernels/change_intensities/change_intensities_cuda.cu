#include "engine/cuda/launch.h"
#include "kernels/change_intensities/change_intensities.h"
#include "kernels/change_intensities/intensity_formulas.h"
#include "kernels/cuda/pack.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 256;  // threads per block; a thread has one voxel

struct Field {
  int64_t X, Y, Z, channels, stride;  // stride: elements from voxel to voxel
  __device__ int64_t voxels() const { return X * Y * Z; }
};

Field field_of(const Tensor& x) {
  const Activation in = activation(x.shape());
  return {in.D, in.H, in.W, in.C, x.channel_stride()};
}

template <class T>
__global__ void __launch_bounds__(kThreads) points_kernel(Field f, IntensityChanges changes, PointStep step, T* image) {
  const int64_t voxel = grid_thread();
  if (voxel >= f.voxels()) return;
  for (int64_t c = 0; c < f.channels; ++c) {
    T& value = image[voxel * f.stride + c];
    value = static_cast<T>(
        changed_point(static_cast<float>(value), changes.channels[c], step, changes.key, voxel * f.channels + c));
  }
}

// step is the number of voxels from neighbour to neighbour along the axis, and size is its length in voxels.
template <class T>
__global__ void __launch_bounds__(kThreads)
    blur_kernel(Field f, int64_t step, int64_t size, BlurWeights weights, const T* from, T* to) {
  const int64_t voxel = grid_thread();
  if (voxel >= f.voxels()) return;
  const int64_t at = voxel / step % size;
  for (int64_t c = 0; c < f.stride; ++c) {
    float sum = 0;
    for (int64_t k = -kBlurRadius; k <= kBlurRadius && c < f.channels; ++k) {
      if (at + k < 0 || at + k >= size) continue;
      sum += weights.of[c][k < 0 ? -k : k] * static_cast<float>(from[(voxel + k * step) * f.stride + c]);
    }
    to[voxel * f.stride + c] = static_cast<T>(sum);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    lower_resolution_kernel(Field f, IntensityChanges changes, const T* from, T* to) {
  const int64_t voxel = grid_thread();
  if (voxel >= f.voxels()) return;
  const int64_t x = voxel / (f.Z * f.Y), y = voxel / f.Z % f.Y, z = voxel % f.Z;
  for (int64_t c = 0; c < f.stride; ++c) {
    const float resolution = c < f.channels ? changes.channels[c].resolution : 1.0f;
    if (resolution == 1) {
      to[voxel * f.stride + c] = from[voxel * f.stride + c];
      continue;
    }
    const CoarsePair a = coarse_pair(x, f.X, resolution), b = coarse_pair(y, f.Y, resolution),
                     d = coarse_pair(z, f.Z, resolution);
    float sum = 0;
    for (int corner = 0; corner < 8; ++corner) {
      const bool i = corner & 1, j = corner & 2, k = corner & 4;
      const int64_t place =
          ((i ? a.second : a.first) * f.Y + (j ? b.second : b.first)) * f.Z + (k ? d.second : d.first);
      const float weight =
          (i ? a.weight : 1 - a.weight) * (j ? b.weight : 1 - b.weight) * (k ? d.weight : 1 - d.weight);
      sum += weight * static_cast<float>(from[place * f.stride + c]);
    }
    to[voxel * f.stride + c] = static_cast<T>(sum);
  }
}

}  // namespace

void change_points(const Context& ctx, const IntensityChanges& changes, PointStep step, Tensor& image) {
  const Field f = field_of(image);
  dispatch_f32_bf16(image.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(f.X * f.Y * f.Z, kThreads), dim3(kThreads), points_kernel<T>, f, changes, step,
           image.data<T>());
  });
}

void blur_axis(const Context& ctx, const Tensor& from, int axis, const BlurWeights& weights, Tensor& to) {
  const Field f = field_of(from);
  const int64_t step = axis == 0 ? f.Y * f.Z : axis == 1 ? f.Z : 1, size = axis == 0 ? f.X : axis == 1 ? f.Y : f.Z;
  dispatch_f32_bf16(from.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(f.X * f.Y * f.Z, kThreads), dim3(kThreads), blur_kernel<T>, f, step, size, weights,
           from.data<T>(), to.data<T>());
  });
}

void lower_resolution(const Context& ctx, const Tensor& from, const IntensityChanges& changes, Tensor& to) {
  const Field f = field_of(from);
  dispatch_f32_bf16(from.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(f.X * f.Y * f.Z, kThreads), dim3(kThreads), lower_resolution_kernel<T>, f, changes,
           from.data<T>(), to.data<T>());
  });
}

}  // namespace revunet::cuda
