// One way to run one op: what tests check it on and benchmarks time it on. Each op lists its own in <op>_cases.cpp.
//
// Every case is held against f64, on every device, in f32 and bf16, and across numbers of threads. A case of an op that
// is on the tape is held against central differences too. A case of any other op has only its reference to say what is
// right, so it must have one.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/tape.h"

namespace revunet {

// One tensor that a case is run on. A shape alone is one of the type under test, with normal random values.
struct CaseInput {
  enum class Type {
    tested,   // the type that the case is run in: f64, f32 or bf16
    compute,  // f32 where that is bf16: what parameters, gradients and moments are
    f32,      // whatever the type under test is
  };
  using FromNormal = double (*)(double);

  // NOLINTNEXTLINE(google-explicit-constructor): a shape is all that most inputs need
  CaseInput(const Shape& s, Type t = Type::tested, FromNormal f = nullptr) : shape(s), type(t), from_normal(f) {}

  Shape shape;
  Type type;
  FromNormal from_normal;  // makes a value of a normal random one, where the op needs others

  DType dtype(DType tested) const {
    return type == Type::f32 ? DType::f32 : type == Type::compute ? compute_type(tested) : tested;
  }
  // An activation, or a dense tensor where the rank is another one.
  TensorSpec spec(DType tested) const {
    return {shape, dtype(tested), shape.rank() == 5 ? Layout::activation : Layout::dense};
  }
  double value(double normal) const { return from_normal ? from_normal(normal) : normal; }
};

// Values of several tensors on the host, without padding.
using HostTensors = std::vector<std::vector<double>>;

struct OpCase {
  std::string name;               // "<op>: <what is special about the shapes>"
  std::vector<CaseInput> inputs;  // made anew for every run, which may overwrite them
  std::vector<Shape> parameters;  // normal random values of the type that the type under test computes with
  std::function<std::vector<Variable>(const Context&, std::vector<Variable> inputs, std::span<Parameter> parameters)>
      run;
  bool differentiable = true;  // false: the op records nothing on the tape

  // What the outputs are, from the values of inputs and then parameters: in f64, and not in the way that the op goes.
  // Where there is none, the CPU's own results in f64 are taken, which the central differences check.
  std::function<HostTensors(const HostTensors& arguments)> reference = nullptr;

  // Largest |f32 - f64| over outputs, and over gradients, relative to the largest |f64| of that tensor.
  double tolerance_f32 = 0;
  std::string tolerance_reason;
  // Likewise |bf16 - f64| on values that bf16 holds. One rounding of the result is at most 2^-8 of it.
  double tolerance_bf16 = 1.0 / 256;
  // Likewise of outputs that the op computes in f64, against the reference.
  double tolerance_f64 = 0;

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

// What one op's folder lists.
struct OpFolder {
  std::string op;
  std::vector<OpCase> cases;
};

// Every op in the order of kernels/CMakeLists.txt; cases that are only timed have `finest` for the network's finest
// level.
std::vector<OpFolder> all_op_folders(const LevelSize& finest = {});

// The cases of all of them.
std::vector<OpCase> all_op_cases(const LevelSize& finest = {});

}  // namespace revunet
