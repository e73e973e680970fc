#include "engine/reversible.h"

#include <array>
#include <cmath>
#include <optional>

namespace revunet {

namespace {

// A BlockRecord holds what forward keeps for one block.
struct BlockRecord {
  Tensor f_small, g_small;
  Tensor x2, y1;  // only with stored activations
};

// Computes y = x + f(input), in x's own memory or, where x has to stay as it is, in a copy.
Tensor add_residual(const Context& ctx, const Residual& f, const Tensor& input, Tensor& x, bool keep_x, Tensor& small) {
  Tensor y = keep_x ? clone(ctx, x) : x;
  small = f.forward(ctx, input, y);
  return y;
}

void backward_reversible(const Context& ctx, std::span<const ReversibleBlock> blocks,
                         const std::vector<BlockRecord>& records, bool rebuild_input, Tensor& y1, Tensor& y2,
                         Tensor& dy1, Tensor& dy2) {
  for (size_t k = blocks.size(); k-- > 0;) {
    // y2 becomes x2, which F needs. The block before needs x1, and so do others that share the sequence's input.
    const bool rebuild_x1 = k > 0 || rebuild_input;
    blocks[k].g->backward(ctx, y1, records[k].g_small, &y2, dy2, dy1);
    blocks[k].f->backward(ctx, y2, records[k].f_small, rebuild_x1 ? &y1 : nullptr, dy1, dy2);
  }
}

void backward_stored(const Context& ctx, std::span<const ReversibleBlock> blocks, std::vector<BlockRecord>& records,
                     Tensor& dy1, Tensor& dy2) {
  for (size_t k = blocks.size(); k-- > 0;) {
    BlockRecord& record = records[k];
    blocks[k].g->backward(ctx, record.y1, record.g_small, nullptr, dy2, dy1);
    record.y1 = Tensor();
    blocks[k].f->backward(ctx, record.x2, record.f_small, nullptr, dy1, dy2);
    record.x2 = Tensor();
  }
}

}  // namespace

namespace {

// An InputCheck keeps a sequence's true input, to compare it with what backward rebuilds.
class InputCheck {
 public:
  InputCheck(const Context& ctx, const std::string& name, const Tensor& x1, const Tensor& x2)
      : monitor_(ctx.tape->monitor()), name_(name), x1_(clone(ctx, x1)), x2_(clone(ctx, x2)) {}

  void report(const Tensor& rebuilt1, const Tensor& rebuilt2) const {
    if (!x1_.device().computes()) return;
    const double error = squared_distance(x1_, rebuilt1) + squared_distance(x2_, rebuilt2);
    const double norm = squared_norm(x1_) + squared_norm(x2_);
    if (norm > 0) monitor_->report(name_, std::sqrt(error / norm));  // a patch of background has no norm to compare
  }

 private:
  ReconstructionMonitor* monitor_;
  std::string name_;
  Tensor x1_, x2_;
};

}  // namespace

Stream reversible_sequence(const Context& ctx, const std::string& name, std::span<const ReversibleBlock> blocks,
                           Stream x, Activations activations, SequenceInput input,
                           std::shared_ptr<RecomputedPair> output, OutputValues values) {
  const LayerScope scope(ctx, name);
  const bool restored = input == SequenceInput::restored;
  Tensor a = std::move(x.first.value), b = std::move(x.second.value);
  REVUNET_EXPECTS(a.spec() == b.spec() && (restored || (a.unique() && b.unique())), Error,
                  "[{}] expected two halves of one shape, type and layout whose memory nobody shares, got {} and {}",
                  name, a.spec().to_string(), b.spec().to_string());
  REVUNET_EXPECTS(activations != Activations::checkpointed, Error,
                  "[{}] expected a sequence with stored or reversible activations, got checkpointed; store them inside "
                  "checkpointed()",
                  name);
  const bool store = ctx.tape && activations == Activations::stored;
  REVUNET_EXPECTS(!output || !store, Error, "[{}] expected no output to compute again where activations are stored",
                  name);
  const Context inside = ctx.without_tape();
  const Context scratch =
      store ? inside.with_tag(Tag::saved_activation) : inside.with_tag(Tag::forward_scratch, Lifetime::passing);

  std::optional<InputCheck> check;
  if (ctx.tape && !store && ctx.tape->monitor() && ctx.tape->monitor()->wants(name)) {
    check.emplace(ctx.with_tag(Tag::other), name, a, b);
  }
  std::vector<BlockRecord> records(blocks.size());
  for (size_t k = 0; k < blocks.size(); ++k) {
    BlockRecord& record = records[k];
    // With stored activations the y1 and x2 of a block are kept. The very first x1 is kept only where others share it.
    a = add_residual(scratch, *blocks[k].f, b, a, store && (k > 0 || restored), record.f_small);
    if (store) record.y1 = a, record.x2 = b;
    if (store && values == OutputValues::unread && k + 1 == blocks.size()) {
      record.g_small = blocks[k].g->small_result(scratch, a);
    } else {
      b = add_residual(scratch, *blocks[k].g, a, b, store, record.g_small);
    }
  }

  Stream y{make_output(ctx, a), make_output(ctx, b)};
  if (!ctx.tape) return y;

  std::vector<Parameter*> parameters;
  for (const ReversibleBlock& block : blocks) {
    for (Residual* residual : {block.f.get(), block.g.get()}) {
      for (Parameter* p : residual->parameters()) parameters.push_back(p);
    }
  }
  if (output) output->hold({a, b});
  if (store || output) a = b = Tensor();
  ctx.tape->record({.name = name,
                    .inputs = {x.first.slot, x.second.slot},
                    .outputs = {y.first, y.second},
                    .parameters = std::move(parameters),
                    .backward = [blocks, records = std::move(records), a, b, store, restored, check = std::move(check),
                                 output = std::move(output), slots = std::array{x.first.slot, x.second.slot},
                                 name](const Context& inner, std::vector<Tensor> dy, Gradients& gradients) mutable {
                      if (output) {
                        const Halves& kept = output->get(inner);
                        a = kept[0], b = kept[1];
                        output->drop();
                      }
                      if (store) {
                        backward_stored(inner, blocks, records, dy[0], dy[1]);
                      } else {
                        backward_reversible(inner, blocks, records, restored || check, a, b, dy[0], dy[1]);
                        if (check) check->report(a, b);
                      }
                      for (size_t i = 0; i < 2; ++i) {
                        gradients.deliver(inner, slots[i], dy[i].spec(), &dy[i], [&](Tensor& dx, bool accumulate) {
                          REVUNET_EXPECTS(
                              !accumulate, Error,
                              "[{}] expected to be the only reader of its input, got another one's gradient", name);
                          copy(dy[i], dx);
                        });
                      }
                    }});
  return y;
}

}  // namespace revunet
