#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet {

Variable sigmoid_dice(const Context& ctx, Variable logits, Tensor labels, const LabelTable& table,
                      double cross_entropy) {
  const LayerScope scope(ctx, "sigmoid_dice");
  check_labels("sigmoid_dice", logits.value, labels, table);
  const int64_t R = activation(logits.value.shape()).C;
  Tensor losses(ctx, {R}, compute_type(logits.value.dtype())), sums(ctx, {cross_entropy > 0 ? 5 : 3, R}, DType::f64);
  sigmoid_dice_forward(ctx, logits.value, labels, table, cross_entropy, losses, sums);

  if (!ctx.tape || !logits.needs_gradient()) return Variable(std::move(losses));
  Variable out = ctx.tape->track(std::move(losses));
  ctx.tape->record({.name = "sigmoid_dice",
                    .inputs = {logits.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [z = std::move(logits.value), slot = logits.slot, labels = std::move(labels), table,
                                 cross_entropy, sums = std::move(sums)](const Context& inner, std::vector<Tensor> dy,
                                                                        Gradients& gradients) mutable {
                      gradients.deliver(inner, slot, z.spec(), &z, [&](Tensor& dz, bool accumulate) {
                        sigmoid_dice_backward(inner, z, labels, table, cross_entropy, sums, dy[0], dz, accumulate);
                      });
                    }});
  return out;
}

void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                          double cross_entropy, Tensor& losses, Tensor& sums) {
  return REVUNET_ON_DEVICE(sigmoid_dice_forward, ctx, logits, labels, table, cross_entropy, losses, sums);
}
void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                           double cross_entropy, const Tensor& sums, const Tensor& dlosses, Tensor& dlogits,
                           bool accumulate) {
  return REVUNET_ON_DEVICE(sigmoid_dice_backward, ctx, logits, labels, table, cross_entropy, sums, dlosses, dlogits,
                           accumulate);
}

}  // namespace revunet
