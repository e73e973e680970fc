// This is the inner loop of AMX convolutions: a block of 32 x 32 sums held in tiles 0 to 3, to which products of two
// tiles and two tiles are added. Tiles 4 to 7 hold operands. A block of 16 x 32 sums has one left tile, and tiles 0
// and 1.
#pragma once

#include "engine/bfloat16.h"
#include "kernels/conv3d/cpu/amx/tiles.h"

namespace revunet::amx {

// An Operand is two tiles for each part of its elements.
struct Operand {
  const bfloat16* first;
  int64_t part_stride, tile_stride;  // elements
  int64_t row_bytes;                 // between the rows of a tile
};

template <int LeftTiles = 2>
inline void zero_sums() {
  zero<0>();
  zero<1>();
  if constexpr (LeftTiles == 1) return;
  zero<2>();
  zero<3>();
}

// Rows of the block lie `row_elements` apart.
inline void load_sums(const float* from, int64_t row_elements) {
  load<0>(from, row_elements * 4);
  load<1>(from + 16, row_elements * 4);
  load<2>(from + 16 * row_elements, row_elements * 4);
  load<3>(from + 16 * row_elements + 16, row_elements * 4);
}
template <int LeftTiles = 2>
inline void store_sums(float* to, int64_t row_elements) {
  store<0>(to, row_elements * 4);
  store<1>(to + 16, row_elements * 4);
  if constexpr (LeftTiles == 1) return;
  store<2>(to + 16 * row_elements, row_elements * 4);
  store<3>(to + 16 * row_elements + 16, row_elements * 4);
}

template <int LeftTiles>
inline void load_left(const Operand& a, int part) {
  load<4>(a.first + part * a.part_stride, a.row_bytes);
  if constexpr (LeftTiles == 1) return;
  load<5>(a.first + part * a.part_stride + a.tile_stride, a.row_bytes);
}
inline void load_right(const Operand& b, int part) {
  load<6>(b.first + part * b.part_stride, b.row_bytes);
  load<7>(b.first + part * b.part_stride + b.tile_stride, b.row_bytes);
}
template <int LeftTiles>
inline void multiply_loaded() {
  multiply<0, 4, 6>();
  multiply<1, 4, 7>();
  if constexpr (LeftTiles == 1) return;
  multiply<2, 5, 6>();
  multiply<3, 5, 7>();
}

// Adds a * b. With three parts, six products of parts are added: all but the three smallest. Each follows on one that
// shares an operand with it, so that only the other one is loaded.
template <int Parts, int LeftTiles = 2>
inline void add_products(const Operand& a, const Operand& b) {
  static_assert(Parts == 1 || Parts == 3);
  if constexpr (Parts == 1) {
    load_left<LeftTiles>(a, 0);
    load_right(b, 0);
    multiply_loaded<LeftTiles>();
  } else {
    load_left<LeftTiles>(a, 0);
    load_right(b, 2);
    multiply_loaded<LeftTiles>();
    load_right(b, 0);
    multiply_loaded<LeftTiles>();
    load_left<LeftTiles>(a, 2);
    multiply_loaded<LeftTiles>();
    load_left<LeftTiles>(a, 1);
    multiply_loaded<LeftTiles>();
    load_right(b, 1);
    multiply_loaded<LeftTiles>();
    load_left<LeftTiles>(a, 0);
    multiply_loaded<LeftTiles>();
  }
}

}  // namespace revunet::amx
