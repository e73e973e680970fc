#include "models/training/resumed_epoch.h"

#include "engine/distributed/communicator.h"
#include "engine/error.h"

namespace revunet {

void expect_same_epoch(const RunState& state, const TrainOptions& options, const RunLength& length) {
  const EpochOrder& was = state.order;
  REVUNET_EXPECTS(was.cases == length.cases, DataError,
                  "[{}] expected the {} training cases that the run began with, got {}; put the split back as it was",
                  (options.out / "split.json").string(), was.cases, length.cases);
  if (state.sample_of_epoch == 0) return;
  const RunLength begun{was.cases, was.accumulate, options.epochs, 0};
  const int64_t last_step = state.step - begun.steps_made(state.sample_of_epoch) + begun.steps_an_epoch();
  REVUNET_EXPECTS(
      was.accumulate == length.accumulate && was.seed == options.seed, UsageError,
      "[`resume`] expected steps of {} samples (`accumulate` times the processes) and `seed` {} until epoch "
      "{} ends, got {} and {}; end it with `max-steps` {}, then change them",
      was.accumulate, was.seed, state.epoch, length.accumulate, options.seed, last_step);
  const int64_t of_step = state.sample_of_epoch % length.accumulate;
  REVUNET_EXPECTS(size_of(options.processes) == 1 || length.between_steps(state.sample_of_epoch), UsageError,
                  "[`resume`] expected one process, as the run was saved after {} of the {} samples of step {}, got {} "
                  "processes; end the epoch with `max-steps` {}, then use more",
                  of_step, length.accumulate, state.step + 1, size_of(options.processes), last_step);
  REVUNET_EXPECTS(
      options.learning_rate.curve != LearningRateCurve::polynomial || state.epoch <= options.epochs, UsageError,
      "[`epochs`] expected at least the {} epochs that the run has begun, by whose number its learning rate "
      "falls, got {}",
      state.epoch, options.epochs);
  REVUNET_EXPECTS(
      length.samples_of_epoch(state.step, state.sample_of_epoch) >= state.sample_of_epoch, UsageError,
      "[`max-steps`] expected at least the steps that the run has begun, which is in epoch {} after step {}, got {}",
      state.epoch, state.step, options.max_steps);
}

}  // namespace revunet
