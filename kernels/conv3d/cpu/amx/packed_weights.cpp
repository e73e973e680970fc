#include "kernels/conv3d/cpu/amx/packed_weights.h"

#include <algorithm>
#include <cstring>

#include "kernels/conv3d/cpu/amx/tiles.h"
#include "kernels/conv3d/cpu/amx/vectors.h"

namespace revunet::amx {

namespace {

// A square has 32 x 32 weights: those of 32 channels of the result and 32 of the sum. Its rows are what the weight
// has contiguous columns of: channels of the result, or those of the sum where the convolution is transposed.
constexpr int64_t kSquare = 32;
using Square = float[kSquare][kSquare];

struct Source {
  const float* weight;  // from the block's first element on
  int64_t k, row_stride, tap_stride;
  int64_t rows, columns;  // channels of the block
  bool transposed, folded;
};

void gather(const Source& s, int64_t result, int64_t chunk, int64_t first_tap, Square& to) {
  std::memset(to, 0, sizeof(Square));
  const int64_t taps = s.k * s.k * s.k, first_row = s.transposed ? chunk : result;
  const int64_t first_column = s.transposed ? result : chunk;
  for (int64_t width_tap = 0; width_tap < (s.folded ? s.k : 1); ++width_tap) {
    const int64_t tap = s.transposed ? taps - 1 - (first_tap + width_tap) : first_tap + width_tap;
    // Folded, the channels of the sum are those of one width tap after another.
    const int64_t row_offset = s.transposed ? width_tap * s.rows : 0;
    const int64_t column_offset = s.transposed ? 0 : width_tap * s.columns;
    const int64_t rows = std::min(kSquare - row_offset, s.rows - first_row);
    const int64_t columns = std::min(kSquare - column_offset, s.columns - first_column);
    for (int64_t r = 0; r < rows; ++r) {
      const float* from = s.weight + (first_row + r) * s.row_stride + tap * s.tap_stride + first_column;
      std::copy_n(from, columns, to[row_offset + r] + column_offset);
    }
  }
}

REVUNET_BEGIN_AVX512

// Sets two tiles for each part: columns are the square's rows.
template <int Parts>
void pack_rows_as_columns(const Square& square, bfloat16* to) {
  for (int64_t tile = 0; tile < 2; ++tile) {
    __m512i rows[Parts][16];
    for (int64_t r = 0; r < 16; ++r) {
      const float* from = square[tile * 16 + r];
      __m512i parts[Parts];
      split<Parts>(_mm512_loadu_ps(from), _mm512_loadu_ps(from + 16), parts);
      for (int part = 0; part < Parts; ++part) rows[part][r] = parts[part];
    }
    for (int part = 0; part < Parts; ++part) {
      transpose(rows[part]);
      bfloat16* tile_of_part = to + (part * 2 + tile) * kTileElements;
      for (int64_t r = 0; r < 16; ++r) _mm512_storeu_si512(tile_of_part + r * kTileDepth, rows[part][r]);
    }
  }
}

// Sets two tiles for each part: columns are the square's columns.
template <int Parts>
void pack_columns(const Square& square, bfloat16* to) {
  for (int64_t tile = 0; tile < 2; ++tile) {
    for (int64_t r = 0; r < 16; ++r) {
      __m512i parts[Parts];
      split<Parts>(_mm512_loadu_ps(square[2 * r] + tile * 16), _mm512_loadu_ps(square[2 * r + 1] + tile * 16), parts);
      for (int part = 0; part < Parts; ++part) {
        _mm512_storeu_si512(to + (part * 2 + tile) * kTileElements + r * kTileDepth, in_turn(parts[part]));
      }
    }
  }
}

REVUNET_END_AVX512

void pack(const Square& square, bool transposed, int parts, bfloat16* to) {
  if (parts == 1) return transposed ? pack_columns<1>(square, to) : pack_rows_as_columns<1>(square, to);
  return transposed ? pack_columns<3>(square, to) : pack_rows_as_columns<3>(square, to);
}

}  // namespace

PackedWeights::PackedWeights(const Context& ctx, const Tensor& weight, const WeightBlock& block, bool transposed,
                             const Geometry& geometry, int parts)
    : results_(transposed ? block.I : block.O), k_(geometry.k) {
  const int64_t k = geometry.k, width = geometry.width_taps(), chunks = geometry.chunks();
  const int64_t square_elements = parts * 2 * kTileElements, squares = chunks * k * width;
  plane_elements_ = squares * square_elements;
  packed_ = Tensor(ctx.for_workspace(), {result_pairs() * k_ * plane_elements_}, DType::bf16);
  if (!ctx.device.computes()) return;
  const int64_t I_all = weight.shape()[4], taps = k * k * k;
  const Source source{.weight = weight.data<float>() + block.o0 * taps * I_all + block.i0,
                      .k = k,
                      .row_stride = taps * I_all,
                      .tap_stride = I_all,
                      .rows = block.O,
                      .columns = block.I,
                      .transposed = transposed,
                      .folded = geometry.folded};
  bfloat16* packed = packed_.data<bfloat16>();
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < result_pairs() * k_ * squares; ++i) {
    Square square;
    const int64_t pair = i / (k_ * squares), depth_tap = i / squares % k_, chunk = i % squares / (k * width);
    const int64_t height_tap = i % (k * width) / width, width_tap = i % width;
    gather(source, pair * kResultChannels, chunk * kTileDepth, (depth_tap * k + height_tap) * k + width_tap, square);
    pack(square, transposed, parts, packed + i * square_elements);
  }
}

}  // namespace revunet::amx
