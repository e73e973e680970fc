// An OpCase is one way to run one op. Tests check it and benchmarks time it. Each op lists its own cases in
// <op>_cases.cpp.
//
// Every case is compared with f64, on every device, in f32 and bf16, and across numbers of threads. A case of an op
// that is on the tape is compared with central differences too. A case of any other op has only its reference to say
// what is right, so it must have one.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/tape.h"

namespace revunet {

// A CaseInput is one tensor that a case is run on. A shape alone means the type under test, with normal random values.
struct CaseInput {
  enum class Type {
    tested,   // the type that the case is run in: f64, f32 or bf16
    compute,  // f32 where that is bf16: the type of parameters, gradients and moments
    f32,      // whatever the type under test is
    u8,       // labels, which are dense
  };
  using FromNormal = double (*)(double);

  // NOLINTNEXTLINE(google-explicit-constructor): a shape is all that most inputs need
  CaseInput(const Shape& s, Type t = Type::tested, FromNormal f = nullptr) : shape(s), type(t), from_normal(f) {}

  Shape shape;
  Type type;
  FromNormal from_normal;  // maps a normal random value to the value that the op needs

  DType dtype(DType tested) const {
    return type == Type::f32       ? DType::f32
           : type == Type::u8      ? DType::u8
           : type == Type::compute ? compute_type(tested)
                                   : tested;
  }
  // Describes an activation, or a dense tensor where the rank is not 5 and for labels.
  TensorSpec spec(DType tested) const {
    return {shape, dtype(tested), shape.rank() == 5 && type != Type::u8 ? Layout::activation : Layout::dense};
  }
  double value(double normal) const { return from_normal ? from_normal(normal) : normal; }
};

// HostTensors holds the values of several tensors on the host, without padding.
using HostTensors = std::vector<std::vector<double>>;

struct OpCase {
  std::string name;               // "<op>: <what is special about the shapes>"
  std::vector<CaseInput> inputs;  // made anew for every run, which may overwrite them
  std::vector<Shape> parameters;  // normal random values in the compute type of the type under test
  std::function<std::vector<Variable>(const Context&, std::vector<Variable> inputs, std::span<Parameter> parameters)>
      run;
  bool differentiable = true;  // false: the op records nothing on the tape

  // Computes the outputs from the values of the inputs and then the parameters, in f64 and by another way than the
  // op's. Where there is none, the CPU's own results in f64 serve, which central differences check.
  std::function<HostTensors(const HostTensors& arguments)> reference = nullptr;

  // This is the largest |f32 - f64| over outputs, and over gradients, relative to the largest |f64| of that tensor.
  double tolerance_f32 = 0;
  std::string tolerance_reason;
  // This is the largest |bf16 - f64| on values that bf16 holds, relative likewise. One rounding of the result is at
  // most 2^-8 of it.
  double tolerance_bf16 = 1.0 / 256;
  // This is the same for outputs that the op computes in f64, against the reference.
  double tolerance_f64 = 0;

  // These count the work of one forward, and of one backward with every gradient, in f32, for benchmarks. They are 0
  // where none is quoted.
  double flops_forward = 0, flops_backward = 0;
  double bytes_forward = 0, bytes_backward = 0;  // each tensor is read or written once
  bool benchmark = false;                        // too large for a test: only timed
};

// A LevelSize has the voxels of a level of a network, for cases that are only timed.
struct LevelSize {
  int64_t D = 64, H = 64, W = 64;

  // Returns the size `level` levels coarser.
  LevelSize coarser(int level) const { return {D >> level, H >> level, W >> level}; }
  Shape shape(int64_t channels) const { return {1, D, H, W, channels}; }
  // Returns a name such as "64^3" or "160x192x160".
  std::string name() const { return D == H && H == W ? fmt::format("{}^3", D) : fmt::format("{}x{}x{}", D, H, W); }
};

// An OpFolder is what one op's folder lists.
struct OpFolder {
  std::string op;
  std::vector<OpCase> cases;
};

// Returns every op in the order of kernels/CMakeLists.txt. Cases that are only timed take `finest` as the network's
// finest level.
std::vector<OpFolder> all_op_folders(const LevelSize& finest = {});

// Returns the cases of all ops.
std::vector<OpCase> all_op_cases(const LevelSize& finest = {});

}  // namespace revunet
