// This is the inner loop of every convolution that oneDNN does not run: a small matrix product held in registers.
//
//   c[i][v][j] += sum over r, k of a[i * a_i + r * a_r + k * a_k] * b[r * b_r + k * b_k + v * b_v + j]
//
// i < Rows, v < Vectors, j < lanes, r < runs, k < length. The sum starts from zero and is added to c once, so a long
// sum is made of short ones, which bounds its rounding. The tile is sized for 16 vector registers: 12 accumulators, 3
// operands.
#pragma once

#include <cstdint>

namespace revunet::conv3d_detail {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#else
inline constexpr int kVectorBytes = 32;
#endif

// A full vector of T has so many lanes.
template <class T>
inline constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

inline constexpr int kTileRows = 6;
inline constexpr int kTileVectors = 2;

struct TileStrides {
  int64_t a_i, a_r, a_k;
  int64_t b_r, b_k, b_v;
  int64_t c_i;
};

template <class T, int Lanes, int Rows, int Vectors>
inline __attribute__((always_inline)) void register_tile(const T* a, const T* b, T* c, int64_t runs, int64_t length,
                                                         const TileStrides& s) {
  typedef T Vector __attribute__((vector_size(Lanes * sizeof(T)), aligned(sizeof(T)), may_alias));
  Vector sum[Rows][Vectors] = {};
  for (int64_t r = 0; r < runs; ++r) {
    const T* pa = a + r * s.a_r;
    const T* pb = b + r * s.b_r;
    for (int64_t k = 0; k < length; ++k, pa += s.a_k, pb += s.b_k) {
      Vector right[Vectors];
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) right[v] = *reinterpret_cast<const Vector*>(pb + v * s.b_v);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
        const T left = pa[i * s.a_i];
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) sum[i][v] += right[v] * left;
      }
    }
  }
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < Vectors; ++v) *reinterpret_cast<Vector*>(c + i * s.c_i + v * Lanes) += sum[i][v];
  }
}

// Does the same for any number of rows and vectors up to a whole tile.
template <class T, int Lanes>
void register_tile_any(int rows, int vectors, const T* a, const T* b, T* c, int64_t runs, int64_t length,
                       const TileStrides& s) {
  const auto with_vectors = [&]<int Rows>() {
    if (vectors == 2) return register_tile<T, Lanes, Rows, 2>(a, b, c, runs, length, s);
    return register_tile<T, Lanes, Rows, 1>(a, b, c, runs, length, s);
  };
  switch (rows) {
    case 6:
      return with_vectors.template operator()<6>();
    case 5:
      return with_vectors.template operator()<5>();
    case 4:
      return with_vectors.template operator()<4>();
    case 3:
      return with_vectors.template operator()<3>();
    case 2:
      return with_vectors.template operator()<2>();
    default:
      return with_vectors.template operator()<1>();
  }
}

}  // namespace revunet::conv3d_detail
