#include "engine/reversible.h"

namespace revunet {

namespace {

// What forward leaves behind for one block.
struct BlockRecord {
  Tensor f_small, g_small;
  Tensor x2, y1;  // only with stored activations
};

// y = x + f(input), in x's own memory or, where x has to stay as it is, in a copy.
Tensor add_residual(const Context& ctx, const Residual& f, const Tensor& input, Tensor& x, bool keep_x, Tensor& small) {
  Tensor y = keep_x ? clone(ctx, x) : x;
  small = f.forward(ctx, input, y);
  return y;
}

void backward_reversible(const Context& ctx, const std::vector<ReversibleBlock>& blocks,
                         const std::vector<BlockRecord>& records, Tensor& y1, Tensor& y2, Tensor& dy1, Tensor& dy2) {
  for (size_t k = blocks.size(); k-- > 0;) {
    // y2 becomes x2, which F needs; x1 is needed by the block before, and the first block has none.
    blocks[k].g->backward(ctx, y1, records[k].g_small, &y2, dy2, dy1);
    blocks[k].f->backward(ctx, y2, records[k].f_small, k > 0 ? &y1 : nullptr, dy1, dy2);
  }
}

void backward_stored(const Context& ctx, const std::vector<ReversibleBlock>& blocks, std::vector<BlockRecord>& records,
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

std::pair<Variable, Variable> reversible_sequence(const Context& ctx, const std::string& name,
                                                  const std::vector<ReversibleBlock>& blocks, Variable x1, Variable x2,
                                                  Activations activations) {
  REVUNET_EXPECTS(x1.value.shape() == x2.value.shape() && x1.value.unique() && x2.value.unique(), Error,
                  "[{}] expected two halves of one shape whose memory nobody shares, got {} and {}", name,
                  x1.value.shape().to_string(), x2.value.shape().to_string());
  const bool store = ctx.tape && activations == Activations::stored;
  const Context scratch = ctx.without_tape().with_tag(store ? Tag::saved_activation : Tag::forward_scratch);

  std::vector<BlockRecord> records(blocks.size());
  Tensor a = std::move(x1.value), b = std::move(x2.value);
  for (size_t k = 0; k < blocks.size(); ++k) {
    BlockRecord& record = records[k];
    // With stored activations the y1 and x2 of a block survive it; the very first x1 is of no use to anybody.
    a = add_residual(scratch, *blocks[k].f, b, a, store && k > 0, record.f_small);
    if (store) record.y1 = a, record.x2 = b;
    b = add_residual(scratch, *blocks[k].g, a, b, store, record.g_small);
  }

  Variable y1 = make_output(ctx, a), y2 = make_output(ctx, b);
  if (!ctx.tape) return {std::move(y1), std::move(y2)};

  std::vector<Parameter*> parameters;
  for (const ReversibleBlock& block : blocks) {
    for (Residual* residual : {block.f.get(), block.g.get()}) {
      for (Parameter* p : residual->parameters()) parameters.push_back(p);
    }
  }
  if (store) a = b = Tensor();
  ctx.tape->record(
      {.name = name,
       .inputs = {x1.slot, x2.slot},
       .outputs = {y1, y2},
       .parameters = std::move(parameters),
       .backward = [&blocks, records = std::move(records), a, b, store, x1_slot = x1.slot, x2_slot = x2.slot](
                       const Context& inner, std::vector<Tensor> dy, Gradients& gradients) mutable {
         if (store) {
           backward_stored(inner, blocks, records, dy[0], dy[1]);
         } else {
           backward_reversible(inner, blocks, records, a, b, dy[0], dy[1]);
         }
         if (x1_slot != Variable::kNoGradient) gradients.give(x1_slot, std::move(dy[0]));
         if (x2_slot != Variable::kNoGradient) gradients.give(x2_slot, std::move(dy[1]));
       }});
  return {std::move(y1), std::move(y2)};
}

}  // namespace revunet
