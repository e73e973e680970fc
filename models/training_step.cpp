#include "models/training_step.h"

#include <unordered_map>

#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet {

Variable region_losses(const Context& ctx, const UNet& model, Tensor image, Tensor target) {
  const PhaseScope phase(ctx, Phase::forward);
  return sigmoid_dice(ctx, model.forward(ctx, Variable(std::move(image))), std::move(target));
}

void learn(const Context& ctx, Tape& tape, Variable losses, UNet& model, Adam& adam, OptimiserStep optimiser_step) {
  const PhaseScope phase(ctx, Phase::backward);
  const std::vector<double> ones(static_cast<size_t>(losses.value.elements()), 1.0);
  Tensor seed = from_host(ctx, losses.value.shape(), losses.value.dtype(), std::span<const double>(ones));
  const std::vector<Parameter*> parameters = model.parameter_list();
  if (optimiser_step == OptimiserStep::separate) {
    tape.backward(ctx, losses, std::move(seed));
    const PhaseScope optimiser(ctx, Phase::optimiser);
    adam.step(ctx, parameters);
    model.clear_gradients();
    return;
  }
  std::unordered_map<const Parameter*, size_t> index_of;
  for (size_t i = 0; i < parameters.size(); ++i) index_of[parameters[i]] = i;
  tape.backward(ctx, losses, std::move(seed), [&](Parameter& p) {
    const PhaseScope optimiser(ctx, Phase::optimiser);
    adam.step_one(ctx, parameters, index_of.at(&p));
    p.clear_gradient();
  });
}

}  // namespace revunet
