#include "tests/cusim/warp_mma.h"

#include <bit>

namespace revunet::cusim {

namespace {

constexpr int kWords = 8;  // of a row of A, and of a column of B

double f32_of(uint32_t bits) {
  return static_cast<double>(std::bit_cast<float>(bits));
}

// Returns the product of one word of A with one of B: of one pair of TF32, or the sum over two pairs of bf16.
double product(uint32_t a, uint32_t b, bool bf16) {
  constexpr uint32_t kTf32 = 0xffffe000, kUpper = 0xffff0000;
  if (!bf16) return f32_of(a & kTf32) * f32_of(b & kTf32);
  return f32_of(a << 16) * f32_of(b << 16) + f32_of(a & kUpper) * f32_of(b & kUpper);
}

}  // namespace

float round_to_tf32(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  constexpr uint32_t kExponent = 0x7f800000, kDropped = 0x1fff;
  if ((bits & kExponent) == kExponent) return value;  // NaN or infinity
  return std::bit_cast<float>((bits + (kDropped + 1) / 2) & ~kDropped);
}

// Lane 4 g + t holds words t and t + 4 of rows g and g + 8 of A, and words t and t + 4 of column g of B. Of the sums it
// has columns 2 t and 2 t + 1 of rows g and g + 8.
void multiply_add(const WarpOperands& operands, bool bf16, unsigned lane, float* sums) {
  const unsigned g = lane / 4, t = lane % 4;
  const auto word_of = [&](unsigned from, int at) {
    return operands.words[static_cast<int>(from) * operands.lane_words() + at];
  };
  for (int m = 0; m < operands.M; ++m) {
    for (int n = 0; n < operands.N; ++n) {
      for (unsigned i = 0; i < 4; ++i) {
        const unsigned lower = i / 2, column = 2 * t + i % 2;
        float& sum = sums[(m * operands.N + n) * 4 + static_cast<int>(i)];
        double exact = static_cast<double>(sum);
        for (unsigned k = 0; k < kWords; ++k) {
          const uint32_t a = word_of(4 * g + k % 4, 4 * m + static_cast<int>(k / 4 * 2 + lower));
          const uint32_t b = word_of(4 * column + k % 4, 4 * operands.M + 2 * n + static_cast<int>(k / 4));
          exact += product(a, b, bf16);
        }
        sum = static_cast<float>(exact);
      }
    }
  }
}

}  // namespace revunet::cusim
