#include "models/training_step.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "kernels/clip_gradients/clip_gradients.h"
#include "models/losses.h"
#include "models/networks.h"

namespace revunet {

namespace {

// The next sample is copied while these nodes run, which are the last of backward. They are of the finest encoder. A
// copy takes less time than they do, and little else of the network is left in memory.
constexpr size_t kNodesWhileCopied = 2;

// Returns dL / d(losses), where L is the sum of the losses times `share`.
Tensor seed_of(const Context& ctx, const Variable& losses, double share) {
  const std::vector<double> values(static_cast<size_t>(losses.value.elements()), share);
  return from_host(ctx, losses.value.shape(), losses.value.dtype(), std::span<const double>(values));
}

}  // namespace

void check_extras(const UNetConfig& config, OptimiserStep optimiser_step, const StepExtras& e) {
  REVUNET_EXPECTS(e.accumulate >= 1 && e.accumulate <= kMostAccumulated, UsageError,
                  "[`accumulate`] expected 1 to {} samples per step, got {}", kMostAccumulated, e.accumulate);
  REVUNET_EXPECTS(e.cross_entropy >= 0 && e.cross_entropy <= 1000, UsageError,
                  "[`cross-entropy`] expected a weight from 0 to 1000, got {}", e.cross_entropy);
  REVUNET_EXPECTS(!e.exclusive_classes || config.out_channels >= 2, UsageError,
                  "[`exclusive-classes`] expected 2 output channels or more, the background's included, got {}",
                  config.out_channels);
  REVUNET_EXPECTS(e.dropout >= 0 && e.dropout < 1, UsageError, "[`dropout`] expected a rate in [0, 1), got {}",
                  e.dropout);
  REVUNET_EXPECTS(e.dropout == 0 || network_of(config.kind).reversible_blocks, UsageError,
                  "[`dropout`] expected 0 with the {}, which has no reversible blocks, got {}; use `model` {}",
                  name_of(config.kind), e.dropout, reversible_network_names());
  REVUNET_EXPECTS(std::isfinite(e.clip_gradients) && e.clip_gradients >= 0, UsageError,
                  "[`clip-gradients`] expected a norm above 0, or 0 for none, got {}", e.clip_gradients);
  REVUNET_EXPECTS(e.ema >= 0 && e.ema < 1, UsageError, "[`ema`] expected a decay in [0, 1), got {}", e.ema);
  REVUNET_EXPECTS(
      optimiser_step == OptimiserStep::separate || (e.accumulate == 1 && e.clip_gradients == 0), UsageError,
      "[`optimiser-step`] expected `accumulate` 1 and no `clip-gradients` with fused, which drops each gradient "
      "before all are there, got {} and {}; use separate",
      e.accumulate, e.clip_gradients);
}

NonFiniteLoss::NonFiniteLoss(std::span<const double> losses, std::string first_tensor)
    : NonFiniteError(fmt::format("[step] expected finite losses, got {}{}{}", fmt::join(losses, ", "),
                                 first_tensor.empty() ? "" : ": ", first_tensor)),
      first(std::move(first_tensor)) {}

TrainingStep::TrainingStep(const Context& ctx, UNet& model, Adam& adam, const StepOptions& options)
    : model_(model), parameters_(model.parameter_list()), adam_(adam), options_(options) {
  for (size_t i = 0; i < parameters_.size(); ++i) index_of_[parameters_[i]] = i;
  check_extras(model.config(), options.optimiser_step, options.extras);
  REVUNET_EXPECTS(options.labels.count == model.config().out_channels, Error,
                  "[step] expected a label table of {} regions or classes, one per output channel, got {}",
                  model.config().out_channels, options.labels.count);
  model.dropout() = {options.extras.dropout, options.dropout_seed, std::nullopt};
  if (options.extras.ema > 0) average_.emplace(ctx, model, options.extras.ema);
  if (size_of(ctx.processes) > 1) sum_.emplace(ctx, *ctx.processes, parameters_);
  if (ctx.device.layout().samples_ahead) upload_.emplace(ctx.device, model.config(), options.activations);
}

std::vector<double> TrainingStep::take(const Context& ctx, const HostSample& sample, const SamplePlace& place,
                                       const StepWatch& watch) {
  const PhaseScope phase(ctx, Phase::forward);  // covers what backward and optimiser do not claim
  std::optional<Tape> tape(std::in_place);
  tape->set_monitor(watch.reconstruction);
  const Context recording = ctx.with_tape(&*tape);
  model_.dropout().sample = place.sample;
  DeviceSample seen = upload_ ? upload_->take(recording, sample, place.own_index())
                              : to_device(recording, sample, model_.config(), options_.activations);
  if (upload_) tape->when_left(kNodesWhileCopied, [&] { upload_->begin_next(ctx, place.own_index() + 1); });
  if (watch.on_input) watch.on_input();
  Variable losses = forward(recording, std::move(seen));
  std::vector<double> values;
  if (ctx.device.computes()) values = to_host_f64(losses.value);
  if (watch.on_losses) watch.on_losses(values);
  if (!std::ranges::all_of(values, [](double v) { return std::isfinite(v); })) {
    losses = Variable();
    tape.reset();  // frees its activations for a second forward
    throw NonFiniteLoss(values, first_non_finite(ctx, sample));
  }
  learn(recording, *tape, std::move(losses), place);
  model_.dropout().sample.reset();
  return values;
}

Variable TrainingStep::forward(const Context& ctx, DeviceSample sample) const {
  Variable logits = model_.forward(ctx, Variable(std::move(sample.image)));
  return loss_of(options_.extras)
      .of_regions(ctx, std::move(logits), std::move(sample.labels), options_.labels, options_.extras);
}

bool TrainingStep::is_last_round(const Context& ctx, const SamplePlace& place) const {
  const int64_t processes = size_of(ctx.processes);
  return place.index / processes == (place.count - 1) / processes;
}

void TrainingStep::begin_sums(const Context& ctx, const SamplePlace& place) {
  const auto contributors = static_cast<int>(std::min<int64_t>(ctx.processes->size(), place.count));
  if (options_.optimiser_step == OptimiserStep::separate) return sum_->begin(contributors);
  sum_->begin(contributors, [this, &ctx](Parameter& p) { update_one(ctx, p); });
}

void TrainingStep::learn(const Context& ctx, Tape& tape, Variable losses, const SamplePlace& place) {
  const bool last = is_last_round(ctx, place);
  const double share = 1.0 / static_cast<double>(place.count);
  if (sum_ && last) {
    begin_sums(ctx, place);
    backward(ctx, tape, std::move(losses), share, [this](Parameter& p) { sum_->complete(p); });
  } else if (options_.optimiser_step == OptimiserStep::fused) {
    backward(ctx, tape, std::move(losses), share, [this, &ctx](Parameter& p) { update_one(ctx, p); });
  } else {
    backward(ctx, tape, std::move(losses), share, {});
  }
  if (last) finish_step(ctx);
}

void TrainingStep::take_part(const Context& ctx, const SamplePlace& place) {
  if (!is_last_round(ctx, place)) return;
  begin_sums(ctx, place);
  finish_step(ctx);
}

// Changes the weights, once all gradients are those of the step.
void TrainingStep::finish_step(const Context& ctx) {
  if (sum_) sum_->finish();
  if (options_.optimiser_step == OptimiserStep::separate) update_weights(ctx);
  if (!average_) return;
  const PhaseScope phase(ctx, Phase::optimiser);
  average_->update(ctx, adam_.states().front().steps);
}

// Runs backward from the sum of the losses, times `share`. Gradients add to those that are there.
void TrainingStep::backward(const Context& ctx, Tape& tape, Variable losses, double share,
                            const Tape::OnGradient& on_gradient) {
  const PhaseScope phase(ctx, Phase::backward);
  Tensor seed = seed_of(ctx, losses, share);
  tape.backward(ctx, losses, std::move(seed), on_gradient);
}

void TrainingStep::update_weights(const Context& ctx) {
  const PhaseScope phase(ctx, Phase::optimiser);
  if (options_.extras.clip_gradients > 0) clip_gradients(ctx, parameters_, options_.extras.clip_gradients);
  adam_.step(ctx, parameters_);
  model_.clear_gradients();
}

void TrainingStep::update_one(const Context& ctx, Parameter& p) {
  const PhaseScope optimiser(ctx, Phase::optimiser);
  adam_.step_one(ctx, parameters_, index_of_.at(&p));
  p.clear_gradient();
}

std::string TrainingStep::first_non_finite(const Context& ctx, const HostSample& sample) const {
  for (const auto& p : model_.parameters()) {
    const int64_t bad = count_non_finite(p->value);
    if (bad > 0) return fmt::format("expected finite weights, got {} NaN or infinite in {}", bad, p->name);
  }
  try {
    Tape tape(true);
    forward(ctx.with_tape(&tape), to_device(ctx, sample, model_.config(), options_.activations));
  } catch (const NonFiniteError& e) {
    return e.what();
  }
  return {};
}

}  // namespace revunet
