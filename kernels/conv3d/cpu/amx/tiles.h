// These are the instructions of AMX, the processor's unit that multiplies bf16 matrices held in tile registers.
//
// A tile has 16 rows of 64 bytes. multiply<C, A, B> adds to tile C (16 x 16 f32) the product of tile A (16 rows of 32
// bf16) and tile B (16 pairs of rows of 16 bf16: row r holds rows 2 r and 2 r + 1, one element of each in turn). Sums
// are f32. Numbers below 2^-126 count as zero. Only processes that may use tiles call these
// (engine/cpu_instructions.h). Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1,
// chapter 18.
#pragma once

#include <cstddef>
#include <cstdint>

namespace revunet::amx {

inline constexpr int64_t kTileRows = 16;   // and the f32 columns of a result
inline constexpr int64_t kTileDepth = 32;  // bf16 in a row of tile A: so many products make one sum
inline constexpr int64_t kTileElements = kTileRows * kTileDepth;  // bf16 in a tile

// While a TileRegisters lives, this thread's tiles have 16 rows of 64 bytes.
class TileRegisters {
 public:
  TileRegisters();
  ~TileRegisters();
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;
};

template <int Tile>
inline void zero() {
  asm volatile("tilezero %%tmm%c0" ::"i"(Tile));
}
template <int Tile>
inline void load(const void* first_row, int64_t bytes_between_rows) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(first_row), "r"(bytes_between_rows), "i"(Tile) : "memory");
}
template <int Tile>
inline void store(void* first_row, int64_t bytes_between_rows) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(first_row), "r"(bytes_between_rows), "i"(Tile) : "memory");
}
template <int C, int A, int B>
inline void multiply() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
}

}  // namespace revunet::amx
