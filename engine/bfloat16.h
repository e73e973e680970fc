// A bfloat16 is the upper half of an f32. It has 8 bits of exponent as f32 has, and 8 of significand (one of them
// implicit).
//
// It is a storage type: it converts to float by itself, and all arithmetic is done in float. The conversion back is
// explicit, rounds to nearest even (relative error at most 2^-8) and keeps NaN. All of it is constexpr, so that CUDA
// kernels can use it too.
#pragma once

#include <bit>
#include <cstdint>

namespace revunet {

class bfloat16 {
 public:
  bfloat16() = default;
  constexpr explicit bfloat16(float value) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
    const uint32_t quiet_nan = bits | 0x400000;  // the upper half alone of a NaN could read as infinity
    bits_ = static_cast<uint16_t>((value == value ? rounded : quiet_nan) >> 16);
  }
  // Rounds likewise. Loops vectorise with it, where a temporary object keeps GCC from it.
  constexpr void set_rounded(float value) { bits_ = bfloat16(value).bits_; }
  constexpr operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits_) << 16); }

 private:
  uint16_t bits_;
};

}  // namespace revunet
