// This is what a warp's instructions of tensor cores compute, for the simulator (kernels/cuda/mma.h uses them).
#pragma once

#include <cstdint>

namespace revunet::cusim {

// The operands of M x N products of a warp, as its 32 lanes hold them: lane l has words [l * lane_words, (l + 1) *
// lane_words), which are the 4 words of each of M fragments of A, then the 2 of each of N fragments of B.
struct WarpOperands {
  const uint32_t* words;
  int M, N;

  int lane_words() const { return 4 * M + 2 * N; }
};

// Adds to sums (M, N, 4) this lane's part of the products of all A with all B, as mma.m16n8k8 does with TF32 and
// mma.m16n8k16 with bf16. Operands of f32 lose the bits that TF32 has not. NVIDIA does not say how the sums are
// rounded; here it is once.
void multiply_add(const WarpOperands& operands, bool bf16, unsigned lane, float* sums);

// Rounds to 10 bits of mantissa, ties away from zero, as cvt.rna.tf32.f32 does.
float round_to_tf32(float value);

}  // namespace revunet::cusim
