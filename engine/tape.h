// The autograd tape: ops record nodes in forward, backward walks them in reverse.
//
// Rule: everything dies at its last use. A node's saved tensors go when its backward has run, an output's gradient when
// its node has taken it. A tape is for one forward and one backward; a second backward is an error.
// Source of the design: reverse-mode differentiation, Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
#pragma once

#include <functional>
#include <span>
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

// The gradients of variables while a backward runs: one slot for each variable, empty until an op delivers to it.
//
// Rule: an op returns a gradient by deliver() or deliver_parts(), and never learns what a slot holds.
class Gradients {
 public:
  // Overwrites dx with the op's part of a gradient, or adds that to dx where `accumulate`.
  using Write = std::function<void(Tensor& dx, bool accumulate)>;
  // The same for several tensors. Those that are undefined are not to be written.
  using WriteParts = std::function<void(std::span<Tensor> dx, bool accumulate)>;

  // Calls `write` with the gradient of a slot, which is like `spec`. Where the slot is empty, the gradient is
  // uninitialised: in the memory of `reusable` (may be nullptr) if that is like `spec` and nobody else owns it, else
  // new (tag backward_scratch). `write` may read *reusable, which is undefined afterwards.
  // Returns false and does nothing for a constant, whose slot is kNoGradient.
  bool deliver(const Context& ctx, int slot, const TensorSpec& spec, Tensor* reusable, const Write& write);

  // Delivers to several slots, whose gradients are all like `spec` and are written by one call: `write` is called at
  // most once for those that were empty and at most once for the others. It skips constants.
  void deliver_parts(const Context& ctx, std::span<const int> slots, const TensorSpec& spec, const WriteParts& write);

 private:
  friend class Tape;

  // What the slot holds. Throws Error where no variable of the tape has this slot.
  Tensor& at(int slot);
  const Tensor& at(int slot) const { return const_cast<Gradients*>(this)->at(slot); }
  // The same, where a gradient like `spec` is to go. Throws Error where the slot holds one of another kind.
  Tensor& at(int slot, const TensorSpec& spec);
  void seed(int slot, Tensor gradient);

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
  // dy holds the gradients of the node's outputs, and the callee owns them. It delivers the inputs' parts to
  // `gradients` and adds the parameters' to their Parameter. ctx has no tape, tag backward_scratch and a passing
  // lifetime.
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

  // The gradient of a variable that no node made, after backward. It is undefined if nothing reached the variable.
  const Tensor& gradient(const Variable& v) const { return gradients_.at(v.slot); }

  // Sequences recorded from now on are checked where the monitor wants them; it outlives the tape.
  void set_monitor(ReconstructionMonitor* monitor) { monitor_ = monitor; }
  ReconstructionMonitor* monitor() const { return monitor_; }

  size_t nodes() const { return nodes_.size(); }

 private:
  struct Output {
    int slot;
    TensorSpec spec;
  };
  struct Recorded {
    Node node;
    uint32_t layer;  // that forward's allocations belonged to; backward's will as well
    std::vector<Output> outputs;
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
