// One step of training on one sample. The trainer and the planner both run these two functions, so what one of
// them allocates the other allocates too. After an exception gradients and optimiser are in no defined state.
#pragma once

#include "kernels/adam/adam.h"
#include "models/unet.h"

namespace revunet {

enum class OptimiserStep {
  separate,  // once all gradients are there
  fused,     // of each parameter as soon as its gradient is complete, which is then dropped. The same bits.
};

// The Dice loss of each region (R), recorded on ctx.tape. image (N, D, H, W, in_channels), target (N, D, H, W, R).
// Both die with their last use where the caller moves them.
Variable region_losses(const Context& ctx, const UNet& model, Tensor image, Tensor target);

// Backward of the sum of the losses, and a step of Adam; gradients are clear afterwards.
void learn(const Context& ctx, Tape& tape, Variable losses, UNet& model, Adam& adam, OptimiserStep optimiser_step);

}  // namespace revunet
