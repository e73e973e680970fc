#include "models/training_step.h"

#include <cmath>
#include <unordered_map>

#include "kernels/clip_gradients/clip_gradients.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet {

namespace {

constexpr int64_t kMostAccumulated = 10'000;  // samples; far beyond use

// dL / d(losses), where L is the sum of the losses times `share`.
Tensor seed_of(const Context& ctx, const Variable& losses, double share) {
  const std::vector<double> values(static_cast<size_t>(losses.value.elements()), share);
  return from_host(ctx, losses.value.shape(), losses.value.dtype(), std::span<const double>(values));
}

}  // namespace

Variable region_losses(const Context& ctx, const UNet& model, Tensor image, Tensor target, double cross_entropy) {
  const PhaseScope phase(ctx, Phase::forward);
  return sigmoid_dice(ctx, model.forward(ctx, Variable(std::move(image))), std::move(target), cross_entropy);
}

void add_gradients(const Context& ctx, Tape& tape, Variable losses, double share) {
  const PhaseScope phase(ctx, Phase::backward);
  Tensor seed = seed_of(ctx, losses, share);
  tape.backward(ctx, losses, std::move(seed));
}

void update_weights(const Context& ctx, UNet& model, Adam& adam, double clip) {
  const PhaseScope phase(ctx, Phase::optimiser);
  const std::vector<Parameter*> parameters = model.parameter_list();
  if (clip > 0) clip_gradients(ctx, parameters, clip);
  adam.step(ctx, parameters);
  model.clear_gradients();
}

void learn(const Context& ctx, Tape& tape, Variable losses, UNet& model, Adam& adam, OptimiserStep optimiser_step) {
  if (optimiser_step == OptimiserStep::separate) {
    add_gradients(ctx, tape, std::move(losses), 1);
    update_weights(ctx, model, adam);
    return;
  }
  const PhaseScope phase(ctx, Phase::backward);
  Tensor seed = seed_of(ctx, losses, 1);
  const std::vector<Parameter*> parameters = model.parameter_list();
  std::unordered_map<const Parameter*, size_t> index_of;
  for (size_t i = 0; i < parameters.size(); ++i) index_of[parameters[i]] = i;
  tape.backward(ctx, losses, std::move(seed), [&](Parameter& p) {
    const PhaseScope optimiser(ctx, Phase::optimiser);
    adam.step_one(ctx, parameters, index_of.at(&p));
    p.clear_gradient();
  });
}

void check_extras(const UNetConfig& config, OptimiserStep optimiser_step, const StepExtras& e) {
  REVUNET_EXPECTS(e.accumulate >= 1 && e.accumulate <= kMostAccumulated, UsageError,
                  "[--accumulate] expected 1 to {} samples a step, got {}", kMostAccumulated, e.accumulate);
  REVUNET_EXPECTS(e.cross_entropy >= 0 && e.cross_entropy <= 1000, UsageError,
                  "[--cross-entropy] expected a weight from 0 to 1000, got {}", e.cross_entropy);
  REVUNET_EXPECTS(e.dropout >= 0 && e.dropout < 1, UsageError, "[--dropout] expected a rate in [0, 1), got {}",
                  e.dropout);
  REVUNET_EXPECTS(e.dropout == 0 || config.kind == ModelKind::reversible, UsageError,
                  "[--dropout] expected 0 with the baseline, which has no reversible blocks, got {}; use --model "
                  "reversible",
                  e.dropout);
  REVUNET_EXPECTS(std::isfinite(e.clip) && e.clip >= 0, UsageError,
                  "[--clip-gradients] expected a norm above 0, or 0 for none, got {}", e.clip);
  REVUNET_EXPECTS(e.average >= 0 && e.average < 1, UsageError, "[--ema] expected a decay in [0, 1), got {}", e.average);
  REVUNET_EXPECTS(optimiser_step == OptimiserStep::separate || (e.accumulate == 1 && e.clip == 0), UsageError,
                  "[--fused-optimizer] expected --accumulate 1 and no --clip-gradients, which take all gradients at "
                  "once, got {} and {}; leave it out",
                  e.accumulate, e.clip);
}

TrainingStep::TrainingStep(const Context& ctx, UNet& model, Adam& adam, OptimiserStep optimiser_step,
                           const StepExtras& extras, uint64_t dropout_seed)
    : model_(model), adam_(adam), optimiser_step_(optimiser_step), extras_(extras) {
  check_extras(model.config(), optimiser_step, extras);
  model.dropout() = {extras.dropout, dropout_seed, std::nullopt};
  if (extras.average > 0) average_.emplace(ctx, model, extras.average);
}

Variable TrainingStep::losses(const Context& ctx, Tensor image, Tensor target, int64_t sample) {
  model_.dropout().sample = sample;
  return region_losses(ctx, model_, std::move(image), std::move(target), extras_.cross_entropy);
}

void TrainingStep::learn(const Context& ctx, Tape& tape, Variable losses, int64_t index, int64_t count) {
  if (count == 1 && extras_.clip == 0) {
    revunet::learn(ctx, tape, std::move(losses), model_, adam_, optimiser_step_);
  } else {
    add_gradients(ctx, tape, std::move(losses), 1.0 / static_cast<double>(count));
    if (index + 1 == count) update_weights(ctx, model_, adam_, extras_.clip);
  }
  model_.dropout().sample.reset();
  if (!average_ || index + 1 < count) return;
  const PhaseScope phase(ctx, Phase::optimiser);
  average_->update(ctx, adam_.states().front().steps);
}

}  // namespace revunet
