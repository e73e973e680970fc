#include "kernels/softmax_dice/softmax_dice.h"

#include <bit>

namespace revunet {

namespace {

void check_exclusive(const LabelTable& table) {
  REVUNET_EXPECTS(table.count >= 2, Error, "[softmax_dice] expected 2 classes or more, the background included, got {}",
                  table.count);
  for (size_t label = 0; label < table.of_label.size(); ++label) {
    const int classes = std::popcount(table.of_label[label]);
    REVUNET_EXPECTS(classes == 1 || table.ignores(static_cast<uint8_t>(label)), Error,
                    "[softmax_dice] expected exclusive classes, one for label {}, got {}", label, classes);
  }
}

}  // namespace

Variable softmax_dice(const Context& ctx, Variable logits, Tensor labels, const LabelTable& table,
                      double cross_entropy) {
  const LayerScope scope(ctx, "softmax_dice");
  check_labels("softmax_dice", logits.value, labels, table);
  check_exclusive(table);
  const int64_t C = table.count;
  Tensor losses(ctx, {C}, compute_type(logits.value.dtype())), sums(ctx, {4, C}, DType::f64);
  softmax_dice_forward(ctx, logits.value, labels, table, cross_entropy, losses, sums);

  if (!ctx.tape || !logits.needs_gradient()) return Variable(std::move(losses));
  Variable out = ctx.tape->track(std::move(losses));
  ctx.tape->record({.name = "softmax_dice",
                    .inputs = {logits.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [z = std::move(logits.value), slot = logits.slot, labels = std::move(labels), table,
                                 cross_entropy, sums = std::move(sums)](const Context& inner, std::vector<Tensor> dy,
                                                                        Gradients& gradients) mutable {
                      gradients.deliver(inner, slot, z.spec(), &z, [&](Tensor& dz, bool accumulate) {
                        softmax_dice_backward(inner, z, labels, table, cross_entropy, sums, dy[0], dz, accumulate);
                      });
                    }});
  return out;
}

void softmax_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                          double cross_entropy, Tensor& losses, Tensor& sums) {
  return REVUNET_ON_DEVICE(softmax_dice_forward, ctx, logits, labels, table, cross_entropy, losses, sums);
}
void softmax_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                           double cross_entropy, const Tensor& sums, const Tensor& dlosses, Tensor& dlogits,
                           bool accumulate) {
  return REVUNET_ON_DEVICE(softmax_dice_backward, ctx, logits, labels, table, cross_entropy, sums, dlosses, dlogits,
                           accumulate);
}

}  // namespace revunet
