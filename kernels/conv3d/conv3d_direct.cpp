#include "kernels/conv3d/conv3d_direct.h"

#include <algorithm>
#include <vector>

#include "kernels/conv3d/register_tile.h"

namespace revunet::conv3d_detail {

namespace {

// Slabs of the volume whose partial weight gradients are summed in order: enough to keep many threads busy. The number
// depends on the shape only, so the result does not depend on the number of threads.
constexpr int64_t kMaxSlabs = 16;
constexpr int64_t kMinSlabVoxels = 4096;  // below this, zeroing and adding a partial sum costs more than it shares out
// Voxels summed in registers before they are added to memory: long enough to hide that, short enough to stay in cache.
constexpr int64_t kRunVoxels = 128;

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// Indices [low, high) for which index + tap - pad lies in [0, extent).
struct Range {
  int64_t low, high;
};
Range inside(int64_t begin, int64_t end, int64_t extent, int64_t tap, int64_t pad) {
  return {std::max(begin, pad - tap), std::min(end, extent + pad - tap)};
}

// Calls f(offset, vectors) over `count` channels in tiles of kTileVectors vectors.
template <int Lanes, class F>
void for_each_channel_tile(int64_t count, F f) {
  const int64_t vectors = ceil_div(count, Lanes);
  for (int64_t v = 0; v < vectors; v += kTileVectors) {
    f(v * Lanes, static_cast<int>(std::min<int64_t>(kTileVectors, vectors - v)));
  }
}

// One slab's and one slice of input channels' share of a weight gradient.
template <class T, int Lanes>
void accumulate_slab(const Tensor& x, const Tensor& dy, int64_t k, int64_t plane_begin, int64_t plane_end,
                     int64_t i_begin, int64_t i_end, int64_t o_padded, T* partial) {
  const auto [N, D, H, W, I] = activation(x.shape());
  const int64_t O = activation(dy.shape()).C, pad = (k - 1) / 2;
  const int64_t rows_at_once = std::max<int64_t>(1, kRunVoxels / W);
  TileStrides strides{.a_i = 1, .a_r = W * I, .a_k = I, .b_r = W * O, .b_k = O, .b_v = Lanes, .c_i = o_padded};

  const auto run = [&](const T* px, const T* pdy, T* pc, int64_t runs, int64_t length) {
    for_each_channel_tile<Lanes>(O, [&](int64_t o, int vectors) {
      // The last vector of dy's channels is read from O - Lanes on, never past the end; the reduction knows.
      const int64_t last_vector = std::min(o + (vectors - 1) * Lanes, O - Lanes);
      const int64_t first_vector = vectors == 1 ? last_vector : o;
      strides.b_v = last_vector - o;
      for (int64_t i = i_begin; i < i_end; i += kTileRows) {
        register_tile_any<T, Lanes>(static_cast<int>(std::min<int64_t>(kTileRows, i_end - i)), vectors, px + i,
                                    pdy + first_vector, pc + i * o_padded + o, runs, length, strides);
      }
    });
  };

  for (int64_t plane = plane_begin; plane < plane_end; ++plane) {
    const int64_t d = plane % D;
    for (int64_t h0 = 0; h0 < H; h0 += rows_at_once) {
      for (int64_t tap = 0; tap < k * k * k; ++tap) {
        const int64_t kd = tap / (k * k), kh = tap / k % k, kw = tap % k;
        if (d + kd - pad < 0 || d + kd - pad >= D) continue;
        const Range h = inside(h0, std::min(H, h0 + rows_at_once), H, kh, pad), w = inside(0, W, W, kw, pad);
        if (h.low >= h.high || w.low >= w.high) continue;
        const int64_t x_voxel = ((plane + kd - pad) * H + h.low + kh - pad) * W + w.low + kw - pad;
        const int64_t dy_voxel = (plane * H + h.low) * W + w.low;
        run(x.data<T>() + x_voxel * I, dy.data<T>() + dy_voxel * O, partial + tap * I * o_padded, h.high - h.low,
            w.high - w.low);
      }
    }
  }
}

template <class T, int Lanes>
void backward_weight(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dw, int64_t o0, int64_t i0) {
  const auto [N, D, H, W, I] = activation(x.shape());
  const int64_t O = activation(dy.shape()).C, k = dw.shape()[1], taps = k * k * k, planes = N * D;
  const int64_t slabs = std::clamp<int64_t>(N * D * H * W / kMinSlabVoxels, 1, std::min(kMaxSlabs, planes));
  const int64_t tiles = ceil_div(I, kTileRows);
  const int64_t slices = std::min(tiles, ceil_div(kMaxSlabs, slabs));
  const int64_t o_padded = ceil_div(O, Lanes) * Lanes, slab_elements = taps * I * o_padded;

  Tensor partial = zeros(ctx.with_tag(Tag::workspace), {slabs, slab_elements}, dtype_of<T>);
  if (!ctx.device.computes()) return;
#pragma omp parallel for collapse(2) schedule(dynamic)
  for (int64_t slab = 0; slab < slabs; ++slab) {
    for (int64_t slice = 0; slice < slices; ++slice) {
      accumulate_slab<T, Lanes>(
          x, dy, k, planes * slab / slabs, planes * (slab + 1) / slabs, tiles * slice / slices * kTileRows,
          std::min(I, tiles * (slice + 1) / slices * kTileRows), o_padded, partial.data<T>() + slab * slab_elements);
    }
  }

  const int64_t I_all = dw.shape()[4], last = O - O % Lanes;
  const T* sums = partial.data<T>();
#pragma omp parallel for
  for (int64_t o = 0; o < O; ++o) {
    const int64_t column = o < last ? o : last + o - (O - Lanes);
    T* row = dw.data<T>() + (o0 + o) * taps * I_all + i0;
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t i = 0; i < I; ++i) {
        T sum = 0;
        for (int64_t slab = 0; slab < slabs; ++slab) {
          sum += sums[slab * slab_elements + (tap * I + i) * o_padded + column];
        }
        row[tap * I_all + i] += sum;
      }
    }
  }
}

}  // namespace

template <class T>
int64_t padded_channels(int64_t channels) {
  return ceil_div(channels, kLanes<T>) * kLanes<T>;
}

template <class T>
void direct_forward_add(const Tensor& x, const T* w, int64_t k, Tensor& y) {
  const auto [N, D, H, W, I] = activation(x.shape());
  const int64_t O = activation(y.shape()).C, pad = (k - 1) / 2, o_padded = padded_channels<T>(O);
  const TileStrides strides{.a_i = I, .a_r = 0, .a_k = 1, .b_r = 0, .b_k = o_padded, .b_v = kLanes<T>, .c_i = o_padded};
#pragma omp parallel
  {
    std::vector<T> row(static_cast<size_t>(W * o_padded));
#pragma omp for collapse(2)
    for (int64_t plane = 0; plane < N * D; ++plane) {
      for (int64_t h = 0; h < H; ++h) {
        std::ranges::fill(row, T{0});
        for (int64_t tap = 0; tap < k * k * k; ++tap) {
          const int64_t kd = tap / (k * k) - pad, kh = tap / k % k - pad, kw = tap % k;
          const int64_t d = plane % D;
          if (d + kd < 0 || d + kd >= D || h + kh < 0 || h + kh >= H) continue;
          const T* x_row = x.data<T>() + ((plane + kd) * H + h + kh) * W * I;
          const Range range = inside(0, W, W, kw, pad);
          for_each_channel_tile<kLanes<T>>(O, [&](int64_t o, int vectors) {
            for (int64_t v = range.low; v < range.high; v += kTileRows) {
              register_tile_any<T, kLanes<T>>(static_cast<int>(std::min<int64_t>(kTileRows, range.high - v)), vectors,
                                              x_row + (v + kw - pad) * I, w + tap * I * o_padded + o,
                                              row.data() + v * o_padded + o, 1, I, strides);
            }
          });
        }
        T* y_row = y.data<T>() + (plane * H + h) * W * O;
        for (int64_t v = 0; v < W; ++v) {
          for (int64_t o = 0; o < O; ++o) y_row[v * O + o] += row[static_cast<size_t>(v * o_padded + o)];
        }
      }
    }
  }
}

template <class T>
void direct_backward_weight_add(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dw, int64_t o0,
                                int64_t i0) {
  // Fewer channels than a vector: one lane, so that nothing past the end of dy is read.
  if (activation(dy.shape()).C >= kLanes<T>) return backward_weight<T, kLanes<T>>(ctx, x, dy, dw, o0, i0);
  backward_weight<T, 1>(ctx, x, dy, dw, o0, i0);
}

template int64_t padded_channels<double>(int64_t);
template void direct_forward_add<double>(const Tensor&, const double*, int64_t, Tensor&);
template void direct_backward_weight_add<float>(const Context&, const Tensor&, const Tensor&, Tensor&, int64_t,
                                                int64_t);
template void direct_backward_weight_add<double>(const Context&, const Tensor&, const Tensor&, Tensor&, int64_t,
                                                 int64_t);

}  // namespace revunet::conv3d_detail
