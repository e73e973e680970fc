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

// Holds the fine voxels of a coarse row, neighbours along h, interpolated along w and h within one coarse slice.
template <class T, int voxels>
struct Column {
  Pack<T> at[voxels];
};

// Computes y = base + sign * up(x), or up(x) where there is no base. base may be y. A thread has a fine w.
template <bool has_base, class Factors, class T>
__global__ void __launch_bounds__(kThreads)
    forward_kernel(Coarse side, const T* __restrict__ x, const T* base, float sign, T* y) {
  constexpr int kFine = Factors::d * Factors::h;  // voxels of y for each coarse slice
  const Walk p(side, Factors::w * side.W);
  if (!p.inside) return;
  const int64_t voxel = side.packs * kPack<T>, slice = side.H * side.W * voxel, near = p.w / Factors::w;
  const int64_t far = clamped(p.w % 2 == 0 ? near - 1 : near + 1, side.W);
  const auto interpolated = [&](int64_t d) {
    const T* from = x + (p.n * side.D + clamped(d, side.D)) * slice + p.pack * kPack<T>;
    Pack<T> rows[2 * Factors::h - 1];
    REVUNET_UNROLL
    for (int j = 0; j < 2 * Factors::h - 1; ++j) {
      // Places within a slice are int, because they take half as many registers. The launcher checks the slice's size.
      const int row = static_cast<int>(clamped(p.h + j - (Factors::h - 1), side.H) * side.W * voxel);
      rows[j] = Pack<T>::load(from + row + static_cast<int>(near * voxel));
      if constexpr (Factors::w == 2) {
        rows[j] = blend(rows[j], Pack<T>::load(from + row + static_cast<int>(far * voxel)));
      }
    }
    if constexpr (Factors::h == 2) {
      return Column<T, 2>{{blend(rows[1], rows[0]), blend(rows[1], rows[2])}};
    } else {
      return Column<T, 1>{{rows[0]}};
    }
  };
  const int64_t row = Factors::w * side.W * voxel;
  int64_t first =
      (((p.n * side.D + p.begin) * Factors::d * side.H + p.h) * Factors::h * Factors::w * side.W + p.w) * voxel +
      p.pack * kPack<T>;
  // Where d was not halved, a slice of y is that of now alone.
  auto before = interpolated(p.begin - 1), now = interpolated(p.begin);
  for (int64_t d = p.begin; d < p.end; ++d, first += kFine * side.H * row) {
    const auto after = interpolated(d + 1);
    Pack<T> to[Factors::d][Factors::h] = {};  // fine slice, row
    const auto place = [&](int i, int j) { return first + (i * Factors::h * side.H + j) * row; };
    REVUNET_UNROLL
    for (int v = 0; v < kFine && has_base; ++v) {
      to[v / Factors::h][v % Factors::h] = Pack<T>::load(base + place(v / Factors::h, v % Factors::h));
    }
    REVUNET_UNROLL
    for (int v = 0; v < kFine; ++v) {
      const int i = v / Factors::h, j = v % Factors::h;
      const Pack<T> up = Factors::d == 1 ? now.at[j] : blend(now.at[j], i == 0 ? before.at[j] : after.at[j]);
      for (int c = 0; c < kPack<T>; ++c) to[i][j][c] = has_base ? to[i][j][c] + sign * up[c] : up[c];
      to[i][j].store(y + place(i, j));
    }
    before = now;
    now = after;
  }
}

// Computes the adjoint. A thread has a coarse w. Each fine slice is contracted along w and h once.
template <bool accumulate, class Factors, class T>
__global__ void __launch_bounds__(kThreads) backward_kernel(Coarse side, const T* __restrict__ dy, T* dx) {
  const Walk p(side, side.W);
  if (!p.inside) return;
  constexpr int kFine = Factors::h * Factors::w;  // voxels of a slice of dy for each coarse place
  const int64_t voxel = side.packs * kPack<T>, slice = kFine * side.H * side.W * voxel;  // of dy
  // Sums the voxels of a fine slice that read the coarse place, with their weights along w and h. There are four along
  // an axis that was halved, and one along another.
  const auto contracted = [&](int64_t d) {
    constexpr int kRowsRead = Factors::h == 2 ? 4 : 1, kRead = Factors::w == 2 ? 4 : 1;
    const T* from = dy + (p.n * Factors::d * side.D + clamped(d, Factors::d * side.D)) * slice + p.pack * kPack<T>;
    Pack<T> sum{};
    REVUNET_UNROLL
    for (int j = 0; j < kRowsRead; ++j) {
      const int64_t h = clamped(Factors::h * p.h + j - (Factors::h - 1), Factors::h * side.H);
      const int row = static_cast<int>(h * Factors::w * side.W * voxel);
      Pack<T> at[kRead];
      REVUNET_UNROLL
      for (int k = 0; k < kRead; ++k) {
        const int64_t w = clamped(Factors::w * p.w + k - (Factors::w - 1), Factors::w * side.W);
        at[k] = Pack<T>::load(from + row + static_cast<int>(w * voxel));
      }
      const float weight = kRowsRead == 1 ? 1.0f : j == 0 || j == 3 ? 0.25f : 0.75f;
      for (int c = 0; c < kPack<T>; ++c) {
        if constexpr (kRead == 1) {
          sum[c] += weight * at[0][c];
        } else {
          const float outer = 0.25f * weight;
          sum[c] += outer * (at[0][c] + at[3][c]) + 3 * outer * (at[1][c] + at[2][c]);
        }
      }
    }
    return sum;
  };
  T* to = dx + (((p.n * side.D + p.begin) * side.H + p.h) * side.W + p.w) * voxel + p.pack * kPack<T>;
  Pack<T> first{}, second{};
  if constexpr (Factors::d == 2) {
    first = contracted(2 * p.begin - 1);
    second = contracted(2 * p.begin);
  }
  for (int64_t d = p.begin; d < p.end; ++d, to += slice / kFine) {
    Pack<T> sum = accumulate ? Pack<T>::load(to) : Pack<T>{};
    if constexpr (Factors::d == 1) {
      const Pack<T> of_slice = contracted(d);
      for (int c = 0; c < kPack<T>; ++c) sum[c] += of_slice[c];
    } else {
      const Pack<T> third = contracted(2 * d + 1), fourth = contracted(2 * d + 2);
      for (int c = 0; c < kPack<T>; ++c) {
        sum[c] += 0.25f * (first[c] + fourth[c]) + 0.75f * (second[c] + third[c]);
      }
      first = third;
      second = fourth;
    }
    sum.store(to);
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
Coarse coarse_side(const Tensor& x, const AxisFactors& factors) {
  const Activation in = activation(x.shape());
  const int64_t packs = packs_per_voxel<T>(x), slice = factors.h * in.H * factors.w * in.W * packs * kPack<T>;
  REVUNET_EXPECTS(slice <= std::numeric_limits<int>::max(), Error,
                  "[upsample_trilinear] expected slices of y with less than 2^31 elements, got {}", slice);
  return {in.N, in.D, in.H, in.W, packs};
}

void forward(const Context& ctx, const Tensor& x, const Tensor* base, float sign, Tensor& y) {
  const AxisFactors factors = factors_between("upsample_trilinear", y.shape(), x.shape());
  dispatch_factors(factors, [&]<class Factors>() {
    dispatch_f32_bf16(x.dtype(), [&]<class T>() {
      const Coarse side = coarse_side<T>(x, factors);
      launch_walks(ctx, side, Factors::w * side.W,
                   base ? forward_kernel<true, Factors, T> : forward_kernel<false, Factors, T>, packs_of<T>(x),
                   base ? packs_of<T>(*base) : nullptr, sign, packs_of<T>(y));
    });
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
  const AxisFactors factors = factors_between("upsample_trilinear", dy.shape(), dx.shape());
  dispatch_factors(factors, [&]<class Factors>() {
    dispatch_f32_bf16(dx.dtype(), [&]<class T>() {
      const Coarse side = coarse_side<T>(dx, factors);
      launch_walks(ctx, side, side.W,
                   accumulate ? backward_kernel<true, Factors, T> : backward_kernel<false, Factors, T>, packs_of<T>(dy),
                   packs_of<T>(dx));
    });
  });
}

}  // namespace revunet::cuda
