// One way to run one op: what tests check it on and benchmarks time it on. Each op lists its own in <op>_cases.cpp.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/tape.h"

namespace revunet {

struct OpCase {
  std::string name;               // "<op>: <what is special about the shapes>"
  std::vector<Shape> inputs;      // filled with normal random values by whoever runs the case
  std::vector<Shape> parameters;  // likewise
  std::function<std::vector<Variable>(const Context&, std::vector<Variable> inputs, std::span<Parameter> parameters)>
      run;

  // Largest |f32 - f64| over outputs, and over gradients, relative to the largest |f64| of that tensor.
  double tolerance_f32 = 0;
  std::string tolerance_reason;
  // Likewise |bf16 - f64| on values that bf16 holds. One rounding of the result is at most 2^-8 of it.
  double tolerance_bf16 = 1.0 / 256;

  // Work of one forward and of one backward with every gradient, in f32; for benchmarks, 0 where none is quoted.
  double flops_forward = 0, flops_backward = 0;
  double bytes_forward = 0, bytes_backward = 0;  // each tensor read or written once
  bool benchmark = false;                        // too large for a test: only timed
};

// Voxels of a level of a network, in cases that are only timed.
struct LevelSize {
  int64_t D = 64, H = 64, W = 64;

  // The size `level` levels coarser.
  LevelSize coarser(int level) const { return {D >> level, H >> level, W >> level}; }
  Shape shape(int64_t channels) const { return {1, D, H, W, channels}; }
  // "64^3" or "160x192x160".
  std::string name() const { return D == H && H == W ? fmt::format("{}^3", D) : fmt::format("{}x{}x{}", D, H, W); }
};

// Every op's cases, in the order of kernels/CMakeLists.txt; those that are only timed have `finest` for the network's
// finest level.
std::vector<OpCase> all_op_cases(const LevelSize& finest = {});

}  // namespace revunet
