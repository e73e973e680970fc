#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 128;  // threads per block; each holds up to 12 packs in registers

// Coarse has the coarse side's extents, with packs of channels for C. A thread takes one coarse voxel and pack.
struct Coarse {
  int64_t D, H, W, packs, count;  // count: number of threads

  struct Place {
    int64_t n, d, h, w, pack;
  };
  __device__ Place place(int64_t i) const {
    const int64_t voxel = i / packs;
    return {voxel / (W * H * D), voxel / (W * H) % D, voxel / W % H, voxel % W, i % packs};
  }
  // Returns the place of a pack, counted in packs from the tensor's first.
  __device__ int64_t coarse(const Place& p, int64_t d, int64_t h, int64_t w) const {
    return (((p.n * D + d) * H + h) * W + w) * packs + p.pack;
  }
  __device__ int64_t fine(const Place& p, int64_t d, int64_t h, int64_t w) const {
    return (((p.n * 2 * D + d) * 2 * H + h) * 2 * W + w) * packs + p.pack;
  }
};

__device__ int64_t clamped(int64_t i, int64_t extent) {
  return i < 0 ? 0 : i >= extent ? extent - 1 : i;
}

// near has the weight 0.75, far has 0.25.
template <class T>
__device__ Pack<T> blend(const Pack<T>& near, const Pack<T>& far) {
  Pack<T> y;
  for (int c = 0; c < kPack<T>; ++c) y[c] = 0.75f * near[c] + 0.25f * far[c];
  return y;
}

// Interpolates the 2 x 2 fine voxels of one coarse plane along h and w.
template <class T>
struct Plane {
  Pack<T> at[2][2];
};

template <class T>
__device__ Plane<T> plane(const Coarse& side, const Coarse::Place& p, int64_t d, const T* x) {
  Pack<T> rows[3][2];  // three coarse rows, each interpolated along w
  for (int j = 0; j < 3; ++j) {
    const int64_t h = clamped(p.h + j - 1, side.H);
    const auto load = [&](int64_t w) { return Pack<T>::load(x + side.coarse(p, d, h, clamped(w, side.W)) * kPack<T>); };
    const Pack<T> middle = load(p.w);
    rows[j][0] = blend(middle, load(p.w - 1));
    rows[j][1] = blend(middle, load(p.w + 1));
  }
  Plane<T> result;
  for (int k = 0; k < 2; ++k) {
    result.at[0][k] = blend(rows[1][k], rows[0][k]);
    result.at[1][k] = blend(rows[1][k], rows[2][k]);
  }
  return result;
}

// Computes y = base + sign * up(x), or up(x) where base is nullptr. base may be y.
template <class T>
__global__ void __launch_bounds__(kThreads) forward_kernel(Coarse side, const T* x, const T* base, float sign, T* y) {
  const int64_t i = grid_thread();
  if (i >= side.count) return;
  const Coarse::Place p = side.place(i);
  const Plane<T> near = plane(side, p, p.d, x);
  for (int half = 0; half < 2; ++half) {
    const Plane<T> far = plane(side, p, clamped(half == 0 ? p.d - 1 : p.d + 1, side.D), x);
    for (int j = 0; j < 2; ++j) {
      for (int k = 0; k < 2; ++k) {
        Pack<T> up = blend(near.at[j][k], far.at[j][k]);
        const int64_t to = side.fine(p, 2 * p.d + half, 2 * p.h + j, 2 * p.w + k) * kPack<T>;
        if (base) {
          const Pack<T> from = Pack<T>::load(base + to);
          for (int c = 0; c < kPack<T>; ++c) up[c] = from[c] + sign * up[c];
        }
        up.store(y + to);
      }
    }
  }
}

// Computes the adjoint by gathering the 4 x 4 x 4 fine voxels that read a coarse one.
template <class T>
__global__ void __launch_bounds__(kThreads) backward_kernel(Coarse side, const T* dy, bool accumulate, T* dx) {
  const int64_t i = grid_thread();
  if (i >= side.count) return;
  const Coarse::Place p = side.place(i);
  constexpr float kWeights[4] = {0.25f, 0.75f, 0.75f, 0.25f};
  Pack<T> sum{};
  for (int a = 0; a < 4; ++a) {
    for (int b = 0; b < 4; ++b) {
      for (int c = 0; c < 4; ++c) {
        const Pack<T> from =
            Pack<T>::load(dy + side.fine(p, clamped(2 * p.d + a - 1, 2 * side.D), clamped(2 * p.h + b - 1, 2 * side.H),
                                         clamped(2 * p.w + c - 1, 2 * side.W)) *
                                   kPack<T>);
        const float weight = kWeights[a] * kWeights[b] * kWeights[c];
        for (int e = 0; e < kPack<T>; ++e) sum[e] += weight * from[e];
      }
    }
  }
  if (accumulate) {
    const Pack<T> before = Pack<T>::load(dx + i * kPack<T>);
    for (int e = 0; e < kPack<T>; ++e) sum[e] += before[e];
  }
  sum.store(dx + i * kPack<T>);
}

template <class T>
Coarse coarse_side(const Tensor& x) {
  const Activation in = activation(x.shape());
  const int64_t packs = packs_per_voxel<T>(x);
  return {in.D, in.H, in.W, packs, in.N * in.voxels() * packs};
}

void forward(const Context& ctx, const Tensor& x, const Tensor* base, float sign, Tensor& y) {
  dispatch_f32_bf16(x.dtype(), [&]<class T>() {
    const Coarse side = coarse_side<T>(x);
    launch(ctx, blocks_for(side.count, kThreads), dim3(kThreads), forward_kernel<T>, side, packs_of<T>(x),
           base ? packs_of<T>(*base) : nullptr, sign, packs_of<T>(y));
  });
}

}  // namespace

void upsample_trilinear_forward(const Context& ctx, const Tensor& x, Tensor& y, Write mode) {
  forward(ctx, x, mode == Write::overwrite ? nullptr : &y, mode == Write::subtract ? -1.0f : 1.0f, y);
}

void upsample_trilinear_add_forward(const Context& ctx, const Tensor& x, const Tensor& skip, Tensor& y) {
  forward(ctx, x, &skip, 1.0f, y);
}

void upsample_trilinear_backward(const Context& ctx, const Tensor& dy, Tensor& dx, bool accumulate) {
  dispatch_f32_bf16(dx.dtype(), [&]<class T>() {
    const Coarse side = coarse_side<T>(dx);
    launch(ctx, blocks_for(side.count, kThreads), dim3(kThreads), backward_kernel<T>, side, packs_of<T>(dy), accumulate,
           packs_of<T>(dx));
  });
}

}  // namespace revunet::cuda
