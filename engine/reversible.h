// A reversible sequence is ONE tape node (RevNet, Gomez et al. 2017; equations of arXiv 1906.06148, section 2.2).
//
// A block maps the pair (x1, x2) to y1 = x1 + F(x2), y2 = x2 + G(y1). Rule: the sequence works in place. Forward
// overwrites the memory of its inputs with its outputs. Backward overwrites those with the rebuilt inputs, block by
// block, so nothing inside the sequence is stored.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/checkpoint.h"
#include "engine/tape.h"

namespace revunet {

// A Residual is F or G of a block: a function of one half of the channels.
class Residual {
 public:
  virtual ~Residual() = default;

  // Adds f(x) to y. Returns what backward needs to know about x, which must be small (group statistics).
  virtual Tensor forward(const Context& ctx, const Tensor& x, Tensor& y) const = 0;

  // Returns the same without computing f(x).
  virtual Tensor small_result(const Context& ctx, const Tensor& x) const = 0;

  // Takes x, forward's small result, and dy = dL/d(y). Adds (df/dx)^T dy to dx, and accumulates parameter gradients.
  // Where `y` is not null it holds y + f(x) and is set back to y. At most one more tensor of x's size lives during the
  // call.
  virtual void backward(const Context& ctx, const Tensor& x, const Tensor& small, Tensor* y, const Tensor& dy,
                        Tensor& dx) = 0;

  virtual std::vector<Parameter*> parameters() = 0;
};

struct ReversibleBlock {
  std::unique_ptr<Residual> f, g;
};

// Activations says what a sequence of blocks keeps from forward for backward.
enum class Activations {
  reversible,    // the final pair: activations are rebuilt in backward
  stored,        // x2 and y1 of every block as well: nothing is rebuilt
  checkpointed,  // the inputs of segments (engine/checkpoint.h): what lies in between is computed again from them
};

constexpr const char* name_of(Activations activations) {
  constexpr std::array kNames = {"reversible", "stored", "checkpointed"};
  return kNames[static_cast<size_t>(activations)];
}

// SequenceInput says what becomes of a sequence's input.
enum class SequenceInput {
  consumed,  // its memory becomes the output's. Nobody else reads it, so the first block's x1 is not rebuilt.
  restored,  // its memory holds it again after backward, for others that share it and read it only then
};

// A Stream is the two halves of the channels, both (N, D, H, W, C), each in its own tensor.
using Stream = std::pair<Variable, Variable>;

using Halves = std::array<Tensor, 2>;

// A RecomputedPair is a sequence's output that nodes read in backward. In between it may be dropped, and is computed
// again where it is read.
class RecomputedPair {
 public:
  // `compute` returns the same values that it had.
  explicit RecomputedPair(std::function<Halves(const Context&)> compute) : compute_(std::move(compute)) {}

  void hold(Halves pair) { pair_ = std::move(pair); }
  void drop() { pair_ = {}; }
  // Returns the pair. ctx is that of a node's backward.
  const Halves& get(const Context& ctx) {
    if (!pair_[0]) pair_ = compute_(ctx);
    return pair_;
  }

 private:
  std::function<Halves(const Context&)> compute_;
  Halves pair_;
};

// Runs the blocks on the pair x and records one node called `name`. With SequenceInput::consumed the pair's memory must
// not be shared: pass it with std::move. Where `output` is given, the node keeps its output there. Within a segment of
// a checkpoint, activations are stored: checkpointed ones are refused. Where a sequence with stored activations is the
// last of a segment and nobody reads the output, the last G is not computed. The blocks outlive the tape.
Stream reversible_sequence(const Context& ctx, const std::string& name, std::span<const ReversibleBlock> blocks,
                           Stream x, Activations activations, SequenceInput input = SequenceInput::consumed,
                           std::shared_ptr<RecomputedPair> output = nullptr, OutputValues values = OutputValues::read);

}  // namespace revunet
