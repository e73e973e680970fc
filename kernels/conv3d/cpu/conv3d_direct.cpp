#include "kernels/conv3d/cpu/conv3d_direct.h"

#include <algorithm>
#include <vector>

#include "kernels/ceil_div.h"
#include "kernels/conv3d/cpu/register_tile.h"

namespace revunet::conv3d_detail {

namespace {

// The volume is cut into slabs whose partial weight gradients are summed in order. There are enough of them to keep
// many threads busy. Their number depends on the shape only, so the result does not depend on the number of threads.
constexpr int64_t kMaxSlabs = 16;
constexpr int64_t kMinSlabVoxels = 4096;  // below this, a partial sum costs more than sharing it saves
// So many voxels are summed in registers before they are added to memory: enough to hide the addition, and few enough
// to stay in cache.
constexpr int64_t kRunVoxels = 128;

// A Range has the indices [low, high) for which index + tap - pad lies in [0, extent).
struct Range {
  int64_t low, high;
};
Range inside(int64_t begin, int64_t end, int64_t extent, int64_t tap, int64_t pad) {
  return {std::max(begin, pad - tap), std::min(end, extent + pad - tap)};
}

// Returns `count` values in the type that computes with them: in place, or converted into `buffer`.
template <class T>
const Compute<T>* as_compute(const T* values, [[maybe_unused]] int64_t count,
                             [[maybe_unused]] std::vector<Compute<T>>& buffer) {
  if constexpr (std::is_same_v<T, Compute<T>>) {
    return values;
  } else {
    buffer.resize(static_cast<size_t>(count));
    Compute<T>* to = buffer.data();
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) to[i] = values[i];
    return to;
  }
}

// Calls f(offset, vectors) over `count` channels in tiles of kTileVectors vectors.
template <int Lanes, class F>
void for_each_channel_tile(int64_t count, F f) {
  const int64_t vectors = ceil_div(count, Lanes);
  for (int64_t v = 0; v < vectors; v += kTileVectors) {
    f(v * Lanes, static_cast<int>(std::min<int64_t>(kTileVectors, vectors - v)));
  }
}

// Computes the share of one slab and one slice of input channels in a weight gradient.
template <class T, int Lanes>
void accumulate_slab(const Tensor& x, const Tensor& dy, int64_t k, int64_t plane_begin, int64_t plane_end,
                     int64_t i_begin, int64_t i_end, int64_t o_padded, Compute<T>* partial) {
  using V = Compute<T>;
  const auto [N, D, H, W, I] = activation(x.shape());
  const int64_t O = activation(dy.shape()).C, pad = (k - 1) / 2;
  const int64_t rows_at_once = std::max<int64_t>(1, kRunVoxels / W);
  TileStrides strides{.a_i = 1, .a_r = W * I, .a_k = I, .b_r = W * O, .b_k = O, .b_v = Lanes, .c_i = o_padded};

  const auto run = [&](const V* px, const V* pdy, V* pc, int64_t runs, int64_t length) {
    for_each_channel_tile<Lanes>(O, [&](int64_t o, int vectors) {
      // The last vector of dy's channels is read from O - Lanes on, never past the end. The reduction accounts for
      // that.
      const int64_t last_vector = std::min(o + (vectors - 1) * Lanes, O - Lanes);
      const int64_t first_vector = vectors == 1 ? last_vector : o;
      strides.b_v = last_vector - o;
      for (int64_t i = i_begin; i < i_end; i += kTileRows) {
        register_tile_any<V, Lanes>(static_cast<int>(std::min<int64_t>(kTileRows, i_end - i)), vectors, px + i,
                                    pdy + first_vector, pc + i * o_padded + o, runs, length, strides);
      }
    });
  };

  std::vector<V> x_buffer, dy_buffer;
  for (int64_t plane = plane_begin; plane < plane_end; ++plane) {
    const int64_t d = plane % D;
    for (int64_t h0 = 0; h0 < H; h0 += rows_at_once) {
      const int64_t h1 = std::min(H, h0 + rows_at_once);
      const V* dy_rows = as_compute(dy.data<T>() + (plane * H + h0) * W * O, (h1 - h0) * W * O, dy_buffer);
      for (int64_t kd = 0; kd < k; ++kd) {
        if (d + kd - pad < 0 || d + kd - pad >= D) continue;
        for (int64_t kh = 0; kh < k; ++kh) {
          const Range h = inside(h0, h1, H, kh, pad);
          if (h.low >= h.high) continue;
          const int64_t first_row = (plane + kd - pad) * H + h.low + kh - pad;
          const V* x_rows = as_compute(x.data<T>() + first_row * W * I, (h.high - h.low) * W * I, x_buffer);
          for (int64_t kw = 0; kw < k; ++kw) {
            const Range w = inside(0, W, W, kw, pad);
            if (w.low >= w.high) continue;
            run(x_rows + (w.low + kw - pad) * I, dy_rows + ((h.low - h0) * W + w.low) * O,
                partial + ((kd * k + kh) * k + kw) * I * o_padded, h.high - h.low, w.high - w.low);
          }
        }
      }
    }
  }
}

template <class T, int Lanes>
void backward_weight(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dw, int64_t o0, int64_t i0) {
  using V = Compute<T>;
  const auto [N, D, H, W, I] = activation(x.shape());
  const int64_t O = activation(dy.shape()).C, k = dw.shape()[1], taps = k * k * k, planes = N * D;
  const int64_t slabs = std::clamp<int64_t>(N * D * H * W / kMinSlabVoxels, 1, std::min(kMaxSlabs, planes));
  const int64_t tiles = ceil_div(I, kTileRows);
  const int64_t slices = std::min(tiles, ceil_div(kMaxSlabs, slabs));
  const int64_t o_padded = ceil_div(O, Lanes) * Lanes, slab_elements = taps * I * o_padded;

  Tensor partial = zeros(ctx.for_workspace(), {slabs, slab_elements}, dtype_of<V>);
  if (!ctx.device.computes()) return;
#pragma omp parallel for collapse(2) schedule(dynamic)
  for (int64_t slab = 0; slab < slabs; ++slab) {
    for (int64_t slice = 0; slice < slices; ++slice) {
      accumulate_slab<T, Lanes>(
          x, dy, k, planes * slab / slabs, planes * (slab + 1) / slabs, tiles * slice / slices * kTileRows,
          std::min(I, tiles * (slice + 1) / slices * kTileRows), o_padded, partial.data<V>() + slab * slab_elements);
    }
  }

  const int64_t I_all = dw.shape()[4], last = O - O % Lanes;
  const V* sums = partial.data<V>();
#pragma omp parallel for
  for (int64_t o = 0; o < O; ++o) {
    const int64_t column = o < last ? o : last + o - (O - Lanes);
    V* row = dw.data<V>() + (o0 + o) * taps * I_all + i0;
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t i = 0; i < I; ++i) {
        V sum = 0;
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

template <class X, class Y>
void direct_forward(const Tensor& x, const Compute<X>* w, const Compute<X>* bias, int64_t k, Tensor& y, bool add) {
  using V = Compute<X>;
  constexpr int kVector = kLanes<V>;
  const auto [N, D, H, W, I] = activation(x.shape());
  const int64_t O = activation(y.shape()).C, pad = (k - 1) / 2, o_padded = padded_channels<V>(O);
  const TileStrides strides{.a_i = I, .a_r = 0, .a_k = 1, .b_r = 0, .b_k = o_padded, .b_v = kVector, .c_i = o_padded};
  // Adds every tap of one row of kernels, x_row (W, I) * w_row (k, I, o_padded), into row (W, o_padded).
  const auto convolve_row = [&](const V* x_row, const V* w_row, V* row) {
    for (int64_t kw = 0; kw < k; ++kw) {
      const Range range = inside(0, W, W, kw, pad);
      for_each_channel_tile<kVector>(O, [&](int64_t o, int vectors) {
        for (int64_t v = range.low; v < range.high; v += kTileRows) {
          register_tile_any<V, kVector>(static_cast<int>(std::min<int64_t>(kTileRows, range.high - v)), vectors,
                                        x_row + (v + kw - pad) * I, w_row + kw * I * o_padded + o,
                                        row + v * o_padded + o, 1, I, strides);
        }
      });
    }
  };
#pragma omp parallel
  {
    std::vector<V> row(static_cast<size_t>(W * o_padded)), buffer;
#pragma omp for collapse(2)
    for (int64_t plane = 0; plane < N * D; ++plane) {
      for (int64_t h = 0; h < H; ++h) {
        std::ranges::fill(row, V{0});
        for (int64_t kd = 0; kd < k; ++kd) {
          for (int64_t kh = 0; kh < k; ++kh) {
            const int64_t d = plane % D + kd - pad, x_h = h + kh - pad;
            if (d < 0 || d >= D || x_h < 0 || x_h >= H) continue;
            const X* x_row = x.data<X>() + ((plane + kd - pad) * H + x_h) * W * I;
            convolve_row(as_compute(x_row, W * I, buffer), w + (kd * k + kh) * k * I * o_padded, row.data());
          }
        }
        Y* y_row = y.data<Y>() + (plane * H + h) * W * O;
        for (int64_t v = 0; v < W; ++v) {
          for (int64_t o = 0; o < O; ++o) {
            const V base = add ? y_row[v * O + o] : bias ? bias[o] : V{0};
            y_row[v * O + o] = static_cast<Y>(base + row[static_cast<size_t>(v * o_padded + o)]);
          }
        }
      }
    }
  }
}

namespace {

// Uses vectors of the most lanes that dy's channels fill, so that nothing past their end is read.
template <class T, int Lanes>
void backward_weight_within(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dw, int64_t o0, int64_t i0) {
  if constexpr (Lanes > 1) {
    if (activation(dy.shape()).C < Lanes) return backward_weight_within<T, Lanes / 2>(ctx, x, dy, dw, o0, i0);
  }
  backward_weight<T, Lanes>(ctx, x, dy, dw, o0, i0);
}

}  // namespace

template <class T>
void direct_backward_weight_add(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dw, int64_t o0,
                                int64_t i0) {
  backward_weight_within<T, kLanes<Compute<T>>>(ctx, x, dy, dw, o0, i0);
}

template int64_t padded_channels<float>(int64_t);
template int64_t padded_channels<double>(int64_t);
template void direct_forward<double, double>(const Tensor&, const double*, const double*, int64_t, Tensor&, bool);
template void direct_forward<bfloat16, bfloat16>(const Tensor&, const float*, const float*, int64_t, Tensor&, bool);
template void direct_forward<bfloat16, float>(const Tensor&, const float*, const float*, int64_t, Tensor&, bool);
template void direct_backward_weight_add<float>(const Context&, const Tensor&, const Tensor&, Tensor&, int64_t,
                                                int64_t);
template void direct_backward_weight_add<double>(const Context&, const Tensor&, const Tensor&, Tensor&, int64_t,
                                                 int64_t);
template void direct_backward_weight_add<bfloat16>(const Context&, const Tensor&, const Tensor&, Tensor&, int64_t,
                                                   int64_t);

}  // namespace revunet::conv3d_detail
