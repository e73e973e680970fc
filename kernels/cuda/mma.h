// A warp multiplies small matrices on tensor cores: C (16, 8) += A (16, K) B (K, 8), where K is 8 values of f32, whose
// products are in TF32, or 16 of bf16. Sums are f32.
//
// Rule: a block that does so is 32 threads wide, so that threadIdx.x is the lane, and all lanes of a warp reach each
// call together. K is 8 words of 4 bytes. A word is one f32, rounded by round_to_tf32(), or two bf16, the first one in
// the lower half. With g = lane / 4 and t = lane % 4, a lane holds (PTX ISA, mma.m16n8k8 and mma.m16n8k16)
//   of A, word t of row g, word t of row g + 8, word t + 4 of row g, word t + 4 of row g + 8;
//   of B, words t and t + 4 of column g;
//   of C, columns 2 t and 2 t + 1 of row g, then of row g + 8.
// These instructions exist from sm_80 on. Code for earlier devices ends the kernel with an error: ask
// has_tensor_core_code() first.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "engine/bfloat16.h"
#include "engine/cuda/check.h"
#include "engine/cuda/gpu.h"

// Keeps the loop that follows as a loop, because its body is long.
#ifdef REVUNET_SIMULATED_CUDA_LANGUAGE
#define REVUNET_KEEP_LOOP
#else
#define REVUNET_KEEP_LOOP _Pragma("unroll 1")
#endif

namespace revunet::cuda {

inline constexpr int kMmaBytes = 32;  // of operands in a row of A and in a column of B

struct FragmentA {
  uint32_t words[4];
};
struct alignas(8) FragmentB {  // so that both words are loaded at once
  uint32_t words[2];
};
struct FragmentC {
  float sums[4];
};

// Returns whether the current device runs code of this kernel that was compiled for sm_80 or later.
template <class... Parameters>
bool has_tensor_core_code(void (*kernel)(Parameters...)) {
  cudaFuncAttributes attributes{};
  REVUNET_CUDA_CHECK(cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernel)));
  return attributes.ptxVersion >= 80;
}

#ifdef REVUNET_SIMULATED_CUDA_LANGUAGE

inline float round_to_tf32(float value) {
  return cusim::round_to_tf32(value);
}

template <class T, int M, int N>
void multiply_add(FragmentC (&c)[M][N], const FragmentA (&a)[M], const FragmentB (&b)[N],
                  const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  struct {
    FragmentA a[M];
    FragmentB b[N];
  } mine;
  for (int m = 0; m < M; ++m) mine.a[m] = a[m];
  for (int n = 0; n < N; ++n) mine.b[n] = b[n];
  const auto* all = static_cast<const uint32_t*>(cusim::exchange(&mine, sizeof mine, file, line));
  cusim::multiply_add({all, M, N}, std::is_same_v<T, bfloat16>, threadIdx.x, c[0][0].sums);
}

template <int Count>
void load_transposed(uint32_t (&words)[Count], const bfloat16* row, const char* file = __builtin_FILE(),
                     int line = __builtin_LINE()) {
  const auto* rows = static_cast<const bfloat16* const*>(cusim::exchange(&row, sizeof row, file, line));
  const unsigned g = threadIdx.x / 4, t = threadIdx.x % 4;
  for (unsigned i = 0; i < Count; ++i) {
    const auto half = [&](unsigned k) { return uint32_t{std::bit_cast<uint16_t>(rows[8 * i + k][g])}; };
    words[i] = half(2 * t) | half(2 * t + 1) << 16;
  }
}

#else

// Returns the nearest value whose mantissa has 10 bits.
__device__ inline float round_to_tf32(float value) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(value));
  return __uint_as_float(rounded);
#else
  return value;
#endif
}

template <class T>
__device__ inline void multiply_add(FragmentC& c, const FragmentA& a, const FragmentB& b) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, bfloat16>);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define REVUNET_MMA(shape_and_types)                                                                                  \
  asm volatile("mma.sync.aligned." shape_and_types " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
               : "+f"(c.sums[0]), "+f"(c.sums[1]), "+f"(c.sums[2]), "+f"(c.sums[3])                                   \
               : "r"(a.words[0]), "r"(a.words[1]), "r"(a.words[2]), "r"(a.words[3]), "r"(b.words[0]), "r"(b.words[1]))
  if constexpr (std::is_same_v<T, float>) {
    REVUNET_MMA("m16n8k8.row.col.f32.tf32.tf32.f32");
  } else {
    REVUNET_MMA("m16n8k16.row.col.f32.bf16.bf16.f32");
  }
#undef REVUNET_MMA
#else
  __trap();
#endif
}

// Adds to each c[m][n] the product of a[m] and b[n].
template <class T, int M, int N>
__device__ void multiply_add(FragmentC (&c)[M][N], const FragmentA (&a)[M], const FragmentB (&b)[N]) {
  REVUNET_UNROLL
  for (int m = 0; m < M; ++m) {
    REVUNET_UNROLL
    for (int n = 0; n < N; ++n) multiply_add<T>(c[m][n], a[m], b[n]);
  }
}

// Loads Count (2 or 4) matrices of 8 x 8 from shared memory, whose rows of 16 bytes are multiples of 16 bytes. Lane l
// gives the address of row l % 8 of matrix l / 8; where there are 2, those of lanes from 16 on are not used. words[i]
// gets rows 2 t and 2 t + 1 of column g of matrix i, which is how A and B are held where the rows are along K.
template <int Count>
__device__ void load_transposed(uint32_t (&words)[Count], const bfloat16* row) {
  static_assert(Count == 2 || Count == 4);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  if constexpr (Count == 4) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(address)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(words[0]), "=r"(words[1])
                 : "r"(address)
                 : "memory");
  }
#else
  __trap();
#endif
}

#endif

}  // namespace revunet::cuda
