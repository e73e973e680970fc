// This table has a row for each loss that networks are trained with.
//
// Rule: the step's extras choose. The first row that fits them is the loss of the step.
#pragma once

#include <cstdint>

#include "engine/tape.h"
#include "kernels/label_table.h"

namespace revunet {

struct StepExtras;

struct Loss {
  const char* in_plans;  // text that the description of a plan adds; empty: nothing
  bool (*asked_for)(const StepExtras& extras);
  // Returns the loss of each region or class (R), recorded on ctx.tape. logits are (N, D, H, W, R) and labels
  // (N, D, H, W, 1). With exclusive classes, entry 0 is the cross entropy of all, because the background has no Dice.
  Variable (*of_regions)(const Context& ctx, Variable logits, Tensor labels, const LabelTable& table,
                         const StepExtras& extras);
  int64_t sums;  // f64 numbers per region or class that forward leaves to backward
};

const Loss& loss_of(const StepExtras& extras);

}  // namespace revunet
