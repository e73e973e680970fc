// The autograd tape: ops record nodes in forward, backward walks them in reverse.
//
// Rule: everything dies at its last use. A node's saved tensors go when its backward has run, an output's gradient when
// its node has taken it. A tape is for one forward and one backward; a second backward is an error.
// Source of the design: reverse-mode differentiation, Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/parameter.h"
#include "engine/tensor.h"

namespace revunet {

// A tensor and where the tape keeps its gradient.
struct Variable {
  static constexpr int kNoGradient = -1;

  Tensor value;
  int slot = kNoGradient;

  Variable() = default;
  Variable(Tensor v, int s) : value(std::move(v)), slot(s) {}
  // A constant: an input image, or anything at inference.
  explicit Variable(Tensor v) : value(std::move(v)) {}
  bool needs_gradient() const { return slot != kNoGradient; }
};

// The gradients of variables while a backward runs: one slot a variable, empty until a consumer writes it.
class Gradients {
 public:
  // Where a consumer puts its part of a gradient: overwrite `tensor`, or add to it where `accumulate`.
  struct Target {
    Tensor& tensor;
    bool accumulate;
  };
  // The existing gradient of `v`, or a new uninitialised one (tag backward_scratch). v must need a gradient.
  Target target(const Context& ctx, int slot, const Shape& shape, DType dtype);

  // Hands over a whole gradient. The slot must be empty and the tensor's memory not shared, as its owner may overwrite
  // it.
  void give(int slot, Tensor gradient);
  bool empty(int slot) const { return !slots_[static_cast<size_t>(slot)]; }
  Tensor take(int slot) { return std::move(slots_[static_cast<size_t>(slot)]); }
  const Tensor& at(int slot) const { return slots_[static_cast<size_t>(slot)]; }

 private:
  friend class Tape;
  std::vector<Tensor> slots_;
};

// Told how well reversible sequences rebuild their inputs.
class ReconstructionMonitor {
 public:
  virtual ~ReconstructionMonitor() = default;
  // Whether this sequence is to be checked: its input is then kept besides everything else until its backward.
  virtual bool wants(const std::string& sequence) = 0;
  // |rebuilt - true| / |true|, Euclidean, over both halves. Not called where the input is zero everywhere.
  virtual void report(const std::string& sequence, double relative_error) = 0;
};

class Tape {
 public:
  // dy: the gradients of the node's outputs, owned by the callee. It adds the inputs' parts to `gradients` and the
  // parameters' to their Parameter. ctx has no tape and tag backward_scratch.
  using Backward = std::function<void(const Context& ctx, std::vector<Tensor> dy, Gradients& gradients)>;

  struct Node {
    std::string name;
    std::vector<int> inputs;        // slots; kNoGradient for constants
    std::vector<Variable> outputs;  // values are dropped once recorded
    std::vector<Parameter*> parameters;
    Backward backward;
  };

  // With check_finite, the first node that makes a NaN or infinity, forward or backward, throws NonFiniteError
  // with its name. Costs a pass over every tensor.
  explicit Tape(bool check_finite = false) : check_finite_(check_finite) {}

  // A variable whose gradient is wanted: what ops do with their outputs, and tests with their inputs.
  Variable track(Tensor value);

  void record(Node node);

  struct Seed {
    int slot;
    Tensor gradient;
  };
  // Called with each parameter when its gradient is complete: no node that is still to run adds to it.
  using OnGradient = std::function<void(Parameter&)>;

  // Runs every node that the seeds reach, last first. Gradients of variables that no node made stay, for gradient().
  // Seeds are overwritten: pass them with std::move, as their memory must not be shared.
  void backward(const Context& ctx, std::vector<Seed> seeds, const OnGradient& on_gradient = {});
  void backward(const Context& ctx, const Variable& y, Tensor dy, const OnGradient& on_gradient = {});

  // The gradient of a variable that no node made, after backward; undefined if nothing reached it.
  const Tensor& gradient(const Variable& v) const { return gradients_.at(v.slot); }

  // Sequences recorded from now on are checked where the monitor wants them; it outlives the tape.
  void set_monitor(ReconstructionMonitor* monitor) { monitor_ = monitor; }
  ReconstructionMonitor* monitor() const { return monitor_; }

  size_t nodes() const { return nodes_.size(); }

 private:
  struct OutputShape {
    int slot;
    Shape shape;
    DType dtype;
  };
  struct Recorded {
    Node node;
    uint32_t layer;  // that forward's allocations belonged to; backward's will as well
    std::vector<OutputShape> outputs;
  };
  void run(const Context& ctx, Recorded& recorded);
  void report_complete(std::span<Parameter* const> parameters, const OnGradient& on_gradient);

  bool check_finite_;
  ReconstructionMonitor* monitor_ = nullptr;
  bool spent_ = false;
  std::vector<Recorded> nodes_;
  std::unordered_map<Parameter*, int> readers_;  // nodes that a parameter's gradient still waits for
  Gradients gradients_;
};

// An op's output: tracked where there is a tape, a constant otherwise.
Variable make_output(const Context& ctx, Tensor value);

}  // namespace revunet
