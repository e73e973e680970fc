// bfloat16: the upper half of an f32. 8 bits of exponent as f32 has, 8 of significand (one of them implicit).
//
// A storage type: it converts to float by itself, and all arithmetic is float's. The way back is explicit, rounds to
// nearest even (relative error at most 2^-8) and keeps NaN. constexpr, which makes it CUDA kernels' as well.
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
    const uint32_t quiet_nan = bits | 0x400000;  // of a NaN the upper half alone could read as infinity
    bits_ = static_cast<uint16_t>((value == value ? rounded : quiet_nan) >> 16);
  }
  constexpr operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits_) << 16); }

 private:
  uint16_t bits_;
};

}  // namespace revunet
