// The tape is the autograd tape: ops record nodes in forward, and backward walks them in reverse.
//
// Rule: everything dies at its last use. A node's saved tensors go when its backward has run, and an output's gradient
// goes when its node has taken it. A tape serves one forward and one backward; a second backward is an error. Source of
// the design: reverse-mode differentiation, Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/parameter.h"
#include "engine/tensor.h"

namespace revunet {

// A Variable is a tensor and the slot where the tape keeps its gradient.
struct Variable {
  static constexpr int kNoGradient = -1;

  Tensor value;
  int slot = kNoGradient;

  Variable() = default;
  Variable(Tensor v, int s) : value(std::move(v)), slot(s) {}
  // Makes a constant: an input image, or any tensor at inference.
  explicit Variable(Tensor v) : value(std::move(v)) {}
  bool needs_gradient() const { return slot != kNoGradient; }
};

// Gradients holds the gradients of variables while a backward runs. Each variable has one slot, which is empty until an
// op delivers to it.
//
// Rule: an op returns a gradient by deliver() or deliver_parts(), and never learns what a slot holds.
class Gradients {
 public:
  // Overwrites dx with the op's part of a gradient, or adds that part to dx where `accumulate` is true.
  using Write = std::function<void(Tensor& dx, bool accumulate)>;
  // Does the same for several tensors. Undefined tensors are not to be written.
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

  // Returns what the slot holds. Throws Error where no variable of the tape has this slot.
  Tensor& at(int slot);
  const Tensor& at(int slot) const { return const_cast<Gradients*>(this)->at(slot); }
  // Returns the same, for a gradient like `spec`. Throws Error where the slot holds one of another kind.
  Tensor& at(int slot, const TensorSpec& spec);
  void seed(int slot, Tensor gradient);

  std::vector<Tensor> slots_;
};

// A ReconstructionMonitor is told how well reversible sequences rebuild their inputs.
class ReconstructionMonitor {
 public:
  virtual ~ReconstructionMonitor() = default;
  // Returns whether this sequence is to be checked. Its input is then kept in addition to everything else until its
  // backward.
  virtual bool wants(const std::string& sequence) = 0;
  // Receives |rebuilt - true| / |true|, the Euclidean norms over both halves. It is not called where the input is zero
  // everywhere.
  virtual void report(const std::string& sequence, double relative_error) = 0;
};

class Tape {
 public:
  // dy holds the gradients of the node's outputs, and the callee owns them. One that no gradient reached is zeros, or
  // undefined where the node takes that. The callee delivers the inputs' parts to `gradients` and adds the parameters'
  // to their Parameter. ctx has no tape, tag backward_scratch and a passing lifetime.
  using Backward = std::function<void(const Context& ctx, std::vector<Tensor> dy, Gradients& gradients)>;

  struct Node {
    std::string name;
    std::vector<int> inputs;        // slots; kNoGradient for constants
    std::vector<Variable> outputs;  // values are dropped once recorded
    std::vector<Parameter*> parameters;
    Backward backward;
    bool takes_undefined = false;  // whether dy may be undefined where no gradient reached the output
  };

  // With check_finite, the first node that makes a NaN or infinity, forward or backward, throws NonFiniteError with its
  // name. The check costs a pass over every tensor.
  explicit Tape(bool check_finite = false) : check_finite_(check_finite) {}

  // Makes a variable whose gradient is wanted. Ops call this for their outputs, and tests for their inputs.
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

  // An InnerVariable is one that no node of this tape made, and the same variable's slot in another tape's gradients.
  struct InnerVariable {
    int slot;
    int outer;
  };
  // Runs the same as a part of another tape's backward. Parts are added to what `outer` holds of the variables, in its
  // memory, and all is there again afterwards. So the sums have the bits that they have where the other tape recorded
  // these nodes itself.
  void backward_within(const Context& ctx, std::vector<Seed> seeds, std::span<const InnerVariable> variables,
                       Gradients& outer);

  // Returns the gradient of a variable that no node made, after backward. It is undefined if nothing reached the
  // variable.
  const Tensor& gradient(const Variable& v) const { return gradients_.at(v.slot); }

  // Calls `f` once in backward, when so many nodes are left, or at its beginning where there are fewer.
  void when_left(size_t nodes, std::function<void()> f) {
    nodes_left_ = nodes;
    when_left_ = std::move(f);
  }

  // Sequences recorded from now on are checked where the monitor asks for it. The monitor outlives the tape.
  void set_monitor(ReconstructionMonitor* monitor) { monitor_ = monitor; }
  ReconstructionMonitor* monitor() const { return monitor_; }

  size_t nodes() const { return nodes_.size(); }
  bool checks_finite() const { return check_finite_; }
  // Returns the parameters of the nodes that were recorded, in no order.
  std::vector<Parameter*> parameters() const;

 private:
  struct Output {
    int slot;
    TensorSpec spec;
  };
  struct Recorded {
    Node node;
    uint32_t layer;  // the layer of forward's allocations, and of backward's
    std::vector<Output> outputs;
  };
  void run(const Context& ctx, Recorded& recorded);
  void report_complete(std::span<Parameter* const> parameters, const OnGradient& on_gradient);

  bool check_finite_;
  ReconstructionMonitor* monitor_ = nullptr;
  size_t nodes_left_ = 0;
  std::function<void()> when_left_;
  bool spent_ = false;
  std::vector<Recorded> nodes_;
  std::unordered_map<Parameter*, int> readers_;  // number of nodes that a parameter's gradient still waits for
  Gradients gradients_;
};

// Returns an op's output, tracked where there is a tape and a constant otherwise.
Variable make_output(const Context& ctx, Tensor value);

}  // namespace revunet
