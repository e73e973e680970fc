#include "kernels/adam/adam.h"

#include <cmath>

namespace revunet {

namespace {

bool fits(const Tensor& x, const Parameter& p) {
  return x && x.shape() == p.value.shape() && x.dtype() == p.value.dtype();
}

void check(const Parameter& p, const AdamState& state) {
  REVUNET_EXPECTS(fits(p.gradient, p), Error, "[adam {}] expected a gradient like the parameter, {} {}, got {} {}",
                  p.name, name_of(p.value.dtype()), p.value.shape().to_string(), name_of(p.gradient.dtype()),
                  p.gradient.shape().to_string());
  REVUNET_EXPECTS(
      state.steps == 0 || (fits(state.mean, p) && fits(state.mean_square, p)), Error,
      "[adam {}] expected moments like the parameter, {} {}, got {} {} and {} {}; pass the same parameters in "
      "the same order to every step",
      p.name, name_of(p.value.dtype()), p.value.shape().to_string(), name_of(state.mean.dtype()),
      state.mean.shape().to_string(), name_of(state.mean_square.dtype()), state.mean_square.shape().to_string());
}

void check_learning_rate(double value) {
  REVUNET_EXPECTS(std::isfinite(value) && value >= 0, UsageError,
                  "[adam] expected a learning rate of 0 or more, got {}", value);
}

}  // namespace

Adam::Adam(const AdamOptions& options) : options_(options) {
  check_learning_rate(options.learning_rate);
  for (const double beta : {options.beta1, options.beta2}) {
    REVUNET_EXPECTS(beta >= 0 && beta < 1, UsageError, "[adam] expected betas in [0, 1), got {} and {}", options.beta1,
                    options.beta2);
  }
  REVUNET_EXPECTS(std::isfinite(options.epsilon) && options.epsilon > 0, UsageError,
                  "[adam] expected an epsilon above 0, got {}", options.epsilon);
  REVUNET_EXPECTS(std::isfinite(options.weight_decay) && options.weight_decay >= 0, UsageError,
                  "[adam] expected a weight decay of 0 or more, got {}", options.weight_decay);
}

void Adam::set_learning_rate(double learning_rate) {
  check_learning_rate(learning_rate);
  options_.learning_rate = learning_rate;
}

void Adam::step(const Context& ctx, std::span<Parameter* const> parameters) {
  const LayerScope scope(ctx, "optimiser");
  const PhaseScope phase(ctx, Phase::optimiser);
  std::vector<AdamUpdate> updates;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (const auto update = prepare(ctx, parameters, i)) updates.push_back(*update);
  }
  adam_update(ctx, options_, updates);
}

void Adam::step_one(const Context& ctx, std::span<Parameter* const> parameters, size_t index) {
  const LayerScope scope(ctx, "optimiser");
  const PhaseScope phase(ctx, Phase::optimiser);
  if (const auto update = prepare(ctx, parameters, index)) adam_update(ctx, options_, {&*update, 1});
}

std::optional<AdamUpdate> Adam::prepare(const Context& ctx, std::span<Parameter* const> parameters, size_t index) {
  if (states_.empty()) states_.resize(parameters.size());
  REVUNET_EXPECTS(states_.size() == parameters.size(), Error,
                  "[adam] expected {} parameters as in the step before, got {}; pass the same parameters to every step",
                  states_.size(), parameters.size());
  Parameter& p = *parameters[index];
  AdamState& state = states_[index];
  if (!p.gradient) return std::nullopt;
  check(p, state);
  if (state.steps == 0) {
    const Context moments = ctx.with_tag(Tag::optimiser);
    state.mean = zeros(moments, p.value.shape(), p.value.dtype());
    state.mean_square = zeros(moments, p.value.shape(), p.value.dtype());
  }
  ++state.steps;
  return AdamUpdate{state.steps, &p.gradient, &p.value, &state.mean, &state.mean_square};
}

void adam_update(const Context& ctx, const AdamOptions& options, std::span<const AdamUpdate> updates) {
  return REVUNET_ON_DEVICE(adam_update, ctx, options, updates);
}

}  // namespace revunet
