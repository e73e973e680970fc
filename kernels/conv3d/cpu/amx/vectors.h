// These functions turn vectors of 16 f32 into operands for AMX tiles. Files that include this one are compiled for
// AVX-512 within BEGIN_AVX512 and END_AVX512, whatever the rest of the program is compiled for.
//
// An f32 is the sum of three bf16: its upper 8 bits of significand, the next 8, and the last 8. The products of two f32
// are then nine products of bf16, of which the three smallest are below 2^-24 of the whole and are left out.
//
// Parts and products below 2^-126 count as zero (tiles.h). So f32 from 2^-103 on keep all their bits, and smaller ones
// are off by less than 2^-126. Infinity becomes NaN, and so do f32 from 0x1.ffp127 on, whose first part is infinity.
// Source: Henry, Tang and Heinecke, "Leveraging the bfloat16 artificial intelligence datatype for higher-precision
// computations" (ARITH 2019).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "engine/bfloat16.h"

// GCC 12 takes the undefined vectors in its own intrinsics for a mistake (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#define REVUNET_BEGIN_AVX512 \
  _Pragma("GCC push_options") _Pragma("GCC target(\"avx512f,avx512bw,avx512dq,avx512vl,avx512bf16\")")
#define REVUNET_END_AVX512 _Pragma("GCC pop_options")

namespace revunet::amx {

REVUNET_BEGIN_AVX512

// Returns the lanes of the first `count` elements: none where it is negative.
inline __mmask16 first_lanes(int64_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xffff : count <= 0 ? 0 : (1u << count) - 1);
}

inline __m512 load(const float* from, __mmask16 lanes) {
  return _mm512_maskz_loadu_ps(lanes, from);
}
inline __m512 load(const bfloat16* from, __mmask16 lanes) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes, from)), 16));
}
inline void store(float* to, __mmask16 lanes, __m512 values) {
  _mm512_mask_storeu_ps(to, lanes, values);
}
inline void store(bfloat16* to, __mmask16 lanes, __m512 values) {
  _mm256_mask_storeu_epi16(to, lanes, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(values)));
}

// Returns 32 bf16: those of `low`, then those of `high`.
inline __m512i round_to_bf16(__m512 low, __m512 high) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}
inline __m512 low_half(__m512i bf16) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(bf16)), 16));
}
inline __m512 high_half(__m512i bf16) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(bf16, 1)), 16));
}

// Sets `to` to the parts of 32 f32, the largest first.
template <int Parts>
inline void split(__m512 low, __m512 high, __m512i (&to)[Parts]) {
  for (int part = 0; part < Parts; ++part) {
    to[part] = round_to_bf16(low, high);
    if (part + 1 == Parts) break;
    low = _mm512_sub_ps(low, low_half(to[part]));
    high = _mm512_sub_ps(high, high_half(to[part]));
  }
}

// Returns the elements of two vectors of 16 in turn, from 32 bf16 that hold one after the other.
inline __m512i in_turn(__m512i two_rows) {
  alignas(64) static constexpr uint16_t kOrder[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(kOrder), two_rows);
}

// Transposes a matrix of 16 x 16 elements of 32 bits.
inline void transpose(__m512i (&rows)[16]) {
  __m512i pairs[16], fours[16];
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
    fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
    fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
  // fours[4 r + c] has columns c, c + 4, c + 8 and c + 12 of rows 4 r to 4 r + 3, a lane of 128 bits each.
  for (int c = 0; c < 4; ++c) {
    const __m512i low = _mm512_shuffle_i32x4(fours[c], fours[c + 4], 0x88);
    const __m512i low_odd = _mm512_shuffle_i32x4(fours[c], fours[c + 4], 0xdd);
    const __m512i high = _mm512_shuffle_i32x4(fours[c + 8], fours[c + 12], 0x88);
    const __m512i high_odd = _mm512_shuffle_i32x4(fours[c + 8], fours[c + 12], 0xdd);
    rows[c] = _mm512_shuffle_i32x4(low, high, 0x88);
    rows[c + 8] = _mm512_shuffle_i32x4(low, high, 0xdd);
    rows[c + 4] = _mm512_shuffle_i32x4(low_odd, high_odd, 0x88);
    rows[c + 12] = _mm512_shuffle_i32x4(low_odd, high_odd, 0xdd);
  }
}

REVUNET_END_AVX512

}  // namespace revunet::amx
