#include "models/losses.h"

#include <algorithm>
#include <array>

#include "kernels/sigmoid_dice/sigmoid_dice.h"
#include "kernels/softmax_dice/softmax_dice.h"
#include "models/training_step.h"

namespace revunet {

namespace {

Variable dice_of_classes(const Context& ctx, Variable logits, Tensor labels, const LabelTable& table,
                         const StepExtras& extras) {
  return softmax_dice(ctx, std::move(logits), std::move(labels), table, extras.cross_entropy);
}

Variable dice_and_cross_entropy(const Context& ctx, Variable logits, Tensor labels, const LabelTable& table,
                                const StepExtras& extras) {
  return sigmoid_dice(ctx, std::move(logits), std::move(labels), table, extras.cross_entropy);
}

Variable dice(const Context& ctx, Variable logits, Tensor labels, const LabelTable& table,
              const StepExtras& /*extras*/) {
  return sigmoid_dice(ctx, std::move(logits), std::move(labels), table);
}

constexpr std::array<Loss, 3> kLosses = {{
    // This row comes first: its loss takes the same memory with cross entropy and without.
    {.in_plans = "exclusive classes",
     .asked_for = [](const StepExtras& extras) { return extras.exclusive_classes; },
     .of_regions = dice_of_classes,
     .sums = 4},
    {.in_plans = "cross entropy",
     .asked_for = [](const StepExtras& extras) { return extras.cross_entropy > 0; },
     .of_regions = dice_and_cross_entropy,
     .sums = 5},
    {.in_plans = "", .asked_for = [](const StepExtras&) { return true; }, .of_regions = dice, .sums = 3},
}};

}  // namespace

const Loss& loss_of(const StepExtras& extras) {
  return *std::ranges::find_if(kLosses, [&](const Loss& loss) { return loss.asked_for(extras); });
}

}  // namespace revunet
