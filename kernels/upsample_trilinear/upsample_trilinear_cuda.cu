#include <limits>

#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"

namespace revunet::cuda {

namespace {

// A block is a tile of kRows rows, each of kRowThreads packs, so that its threads share most of what they read. A
// thread walks along d over up to kSlices coarse slices: what it makes of a slice serves two results.
constexpr unsigned kRowThreads = 64, kRows = 4, kThreads = kRowThreads * kRows;
constexpr int64_t kSlices = 8;

// Coarse has the coarse side's extents, with packs of channels for C.
struct Coarse {
  int64_t N, D, H, W, packs;
};

// A Walk is what a thread works on: a pack of a place in a row of `width` voxels, coarse row h, and coarse slices
// [begin, end) of element n of the batch.
struct Walk {
  int64_t n, begin, end, h, w, pack;
  bool inside;

  __device__ Walk(const Coarse& side, int64_t width) {
    const int64_t walks = (side.D + kSlices - 1) / kSlices;
    const int64_t item = static_cast<int64_t>(blockIdx.x) * kRowThreads + threadIdx.x;
    n = blockIdx.z / walks;
    begin = blockIdx.z % walks * kSlices;
    end = begin + kSlices < side.D ? begin + kSlices : side.D;
    h = static_cast<int64_t>(blockIdx.y) * kRows + threadIdx.y;
    w = item / side.packs;
    pack = item % side.packs;
    inside = h < side.H && w < width;
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

// Holds two fine voxels, neighbours along h, interpolated along w and h within one coarse slice.
template <class T>
struct Pair {
  Pack<T> at[2];
};

// Computes y = base + sign * up(x), or up(x) where there is no base. base may be y. A thread has a fine w.
template <bool has_base, class T>
__global__ void __launch_bounds__(kThreads)
    forward_kernel(Coarse side, const T* __restrict__ x, const T* base, float sign, T* y) {
  const Walk p(side, 2 * side.W);
  if (!p.inside) return;
  const int64_t voxel = side.packs * kPack<T>, slice = side.H * side.W * voxel, near = p.w / 2;
  const int64_t far = clamped(p.w % 2 == 0 ? near - 1 : near + 1, side.W);
  const auto interpolated = [&](int64_t d) {
    const T* from = x + (p.n * side.D + clamped(d, side.D)) * slice + p.pack * kPack<T>;
    Pack<T> rows[3];
    REVUNET_UNROLL
    for (int j = 0; j < 3; ++j) {
      // Places within a slice are int, because they take half as many registers. The launcher checks the slice's size.
      const int row = static_cast<int>(clamped(p.h + j - 1, side.H) * side.W * voxel);
      rows[j] = blend(Pack<T>::load(from + row + static_cast<int>(near * voxel)),
                      Pack<T>::load(from + row + static_cast<int>(far * voxel)));
    }
    return Pair<T>{{blend(rows[1], rows[0]), blend(rows[1], rows[2])}};
  };
  const int64_t row = 2 * side.W * voxel;
  int64_t first = (((p.n * side.D + p.begin) * 2 * side.H + p.h) * 2 * 2 * side.W + p.w) * voxel + p.pack * kPack<T>;
  Pair<T> before = interpolated(p.begin - 1), now = interpolated(p.begin);
  for (int64_t d = p.begin; d < p.end; ++d, first += 4 * side.H * row) {
    const Pair<T> after = interpolated(d + 1);
    Pack<T> to[2][2] = {};  // fine slice, row
    const auto place = [&](int i, int j) { return first + (i * 2 * side.H + j) * row; };
    REVUNET_UNROLL
    for (int v = 0; v < 4 && has_base; ++v) to[v / 2][v % 2] = Pack<T>::load(base + place(v / 2, v % 2));
    REVUNET_UNROLL
    for (int v = 0; v < 4; ++v) {
      const int i = v / 2, j = v % 2;
      const Pack<T> up = blend(now.at[j], i == 0 ? before.at[j] : after.at[j]);
      for (int c = 0; c < kPack<T>; ++c) to[i][j][c] = has_base ? to[i][j][c] + sign * up[c] : up[c];
      to[i][j].store(y + place(i, j));
    }
    before = now;
    now = after;
  }
}

// Computes the adjoint. A thread has a coarse w. Each fine slice is contracted along w and h once.
template <bool accumulate, class T>
__global__ void __launch_bounds__(kThreads) backward_kernel(Coarse side, const T* __restrict__ dy, T* dx) {
  const Walk p(side, side.W);
  if (!p.inside) return;
  const int64_t voxel = side.packs * kPack<T>, slice = 4 * side.H * side.W * voxel;  // of dy
  // Sums the 4 x 4 voxels of a fine slice that read the coarse place, with their weights along w and h.
  const auto contracted = [&](int64_t d) {
    const T* from = dy + (p.n * 2 * side.D + clamped(d, 2 * side.D)) * slice + p.pack * kPack<T>;
    Pack<T> sum{};
    REVUNET_UNROLL
    for (int j = 0; j < 4; ++j) {
      const int row = static_cast<int>(clamped(2 * p.h + j - 1, 2 * side.H) * 2 * side.W * voxel);
      Pack<T> at[4];
      REVUNET_UNROLL
      for (int k = 0; k < 4; ++k) {
        at[k] = Pack<T>::load(from + row + static_cast<int>(clamped(2 * p.w + k - 1, 2 * side.W) * voxel));
      }
      const float outer = j == 0 || j == 3 ? 0.0625f : 0.1875f;
      for (int c = 0; c < kPack<T>; ++c) sum[c] += outer * (at[0][c] + at[3][c]) + 3 * outer * (at[1][c] + at[2][c]);
    }
    return sum;
  };
  T* to = dx + (((p.n * side.D + p.begin) * side.H + p.h) * side.W + p.w) * voxel + p.pack * kPack<T>;
  Pack<T> first = contracted(2 * p.begin - 1), second = contracted(2 * p.begin);
  for (int64_t d = p.begin; d < p.end; ++d, to += slice / 4) {
    Pack<T> sum = accumulate ? Pack<T>::load(to) : Pack<T>{};
    const Pack<T> third = contracted(2 * d + 1), fourth = contracted(2 * d + 2);
    for (int c = 0; c < kPack<T>; ++c) {
      sum[c] += 0.25f * (first[c] + fourth[c]) + 0.75f * (second[c] + third[c]);
    }
    sum.store(to);
    first = third;
    second = fourth;
  }
}

// Launches a kernel with a thread for each pack of a row of `width` voxels, for each row and walk.
template <class... Parameters>
void launch_walks(const Context& ctx, const Coarse& side, int64_t width, void (*kernel)(Coarse, Parameters...),
                  std::type_identity_t<Parameters>... arguments) {
  const auto blocks = [](int64_t items, int64_t size) { return static_cast<unsigned>((items + size - 1) / size); };
  const dim3 grid(blocks(width * side.packs, kRowThreads), blocks(side.H, kRows),
                  static_cast<unsigned>(side.N) * blocks(side.D, kSlices));
  launch(ctx, grid, dim3(kRowThreads, kRows), kernel, side, arguments...);
}

// Throws Error where a fine slice is too large for the kernels.
template <class T>
Coarse coarse_side(const Tensor& x) {
  const Activation in = activation(x.shape());
  const int64_t packs = packs_per_voxel<T>(x), slice = 4 * in.H * in.W * packs * kPack<T>;
  REVUNET_EXPECTS(slice <= std::numeric_limits<int>::max(), Error,
                  "[upsample_trilinear] expected slices of y with less than 2^31 elements, got {}", slice);
  return {in.N, in.D, in.H, in.W, packs};
}

void forward(const Context& ctx, const Tensor& x, const Tensor* base, float sign, Tensor& y) {
  dispatch_f32_bf16(x.dtype(), [&]<class T>() {
    const Coarse side = coarse_side<T>(x);
    launch_walks(ctx, side, 2 * side.W, base ? forward_kernel<true, T> : forward_kernel<false, T>, packs_of<T>(x),
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
    launch_walks(ctx, side, side.W, accumulate ? backward_kernel<true, T> : backward_kernel<false, T>, packs_of<T>(dy),
                 packs_of<T>(dx));
  });
}

}  // namespace revunet::cuda
