#include <algorithm>
#include <vector>

#include "kernels/change_intensities/change_intensities.h"
#include "kernels/change_intensities/intensity_formulas.h"

namespace revunet::REVUNET_CPU {

namespace {

// An Axis has the number of elements between neighbours, and the number of voxels.
struct Axis {
  int64_t stride, size;
};

Axis axis_of(const Activation& in, int axis) {
  if (axis == 0) return {in.H * in.W * in.C, in.D};
  return axis == 1 ? Axis{in.W * in.C, in.H} : Axis{in.C, in.W};
}

}  // namespace

void change_points(const Context& ctx, const IntensityChanges& changes, PointStep step, Tensor& image) {
  if (!ctx.device.computes()) return;
  dispatch(image.dtype(), [&]<class T>() {
    const Activation in = activation(image.shape());
    T* values = image.data<T>();
#pragma omp parallel for
    for (int64_t voxel = 0; voxel < in.voxels(); ++voxel) {
      for (int64_t c = 0; c < in.C; ++c) {
        const int64_t i = voxel * in.C + c;
        values[i] =
            static_cast<T>(changed_point(static_cast<float>(values[i]), changes.channels[c], step, changes.key, i));
      }
    }
  });
}

void blur_axis(const Context& ctx, const Tensor& from, int axis, const BlurWeights& weights, Tensor& to) {
  if (!ctx.device.computes()) return;
  dispatch(from.dtype(), [&]<class T>() {
    const Activation in = activation(from.shape());
    const auto [stride, size] = axis_of(in, axis);
    const T* x = from.data<T>();
    T* y = to.data<T>();
#pragma omp parallel for
    for (int64_t voxel = 0; voxel < in.voxels(); ++voxel) {
      const int64_t at = voxel * in.C / stride % size;  // index along the axis
      const int64_t low = std::max<int64_t>(-kBlurRadius, -at), high = std::min<int64_t>(kBlurRadius, size - 1 - at);
      for (int64_t c = 0; c < in.C; ++c) {
        const int64_t i = voxel * in.C + c;
        float sum = 0;
        for (int64_t k = low; k <= high; ++k) {
          sum += weights.of[c][k < 0 ? -k : k] * static_cast<float>(x[i + k * stride]);
        }
        y[i] = static_cast<T>(sum);
      }
    }
  });
}

void lower_resolution(const Context& ctx, const Tensor& from, const IntensityChanges& changes, Tensor& to) {
  if (!ctx.device.computes()) return;
  dispatch(from.dtype(), [&]<class T>() {
    const Activation in = activation(from.shape());
    const T* x = from.data<T>();
    T* y = to.data<T>();
    for (int64_t c = 0; c < in.C; ++c) {
      const float resolution = changes.channels[c].resolution;
      const auto value = [&](int64_t i, int64_t j, int64_t k) {
        return static_cast<float>(x[((i * in.H + j) * in.W + k) * in.C + c]);
      };
#pragma omp parallel for collapse(2)
      for (int64_t i = 0; i < in.D; ++i) {
        for (int64_t j = 0; j < in.H; ++j) {
          const CoarsePair a = coarse_pair(i, in.D, resolution), b = coarse_pair(j, in.H, resolution);
          for (int64_t k = 0; k < in.W; ++k) {
            T& result = y[((i * in.H + j) * in.W + k) * in.C + c];
            result = x[((i * in.H + j) * in.W + k) * in.C + c];
            if (resolution == 1) continue;
            const CoarsePair d = coarse_pair(k, in.W, resolution);
            const auto along_z = [&](int64_t p, int64_t q) {
              return (1 - d.weight) * value(p, q, d.first) + d.weight * value(p, q, d.second);
            };
            const float low = (1 - b.weight) * along_z(a.first, b.first) + b.weight * along_z(a.first, b.second);
            const float high = (1 - b.weight) * along_z(a.second, b.first) + b.weight * along_z(a.second, b.second);
            result = static_cast<T>((1 - a.weight) * low + a.weight * high);
          }
        }
      }
    }
  });
}

}  // namespace revunet::REVUNET_CPU
