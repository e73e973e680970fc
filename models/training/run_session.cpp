#include "models/training/run_session.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "models/inference/weights_file.h"
#include "models/training/resumed_epoch.h"

namespace revunet {

RunSession::RunSession(const TrainOptions& options, const RunLength& length, bool scores_dice, RunFolder& folder,
                       RunProgress& progress, const Trained& trained)
    : options_(options),
      length_(length),
      scores_dice_(scores_dice),
      folder_(folder),
      progress_(progress),
      trained_(trained),
      stopping_(options.stopping) {
  state_.loss = state_.step_loss = RegionValues(static_cast<size_t>(trained.model.config().out_channels));
  folder_.restore_log(csv_header(trained.task));
  if (restores(options, folder)) {
    resume();
  } else if (options.resume) {
    spdlog::info("no checkpoint was written yet: the run starts from its beginning");
  }
  remember_step();
}

bool RunSession::restores(const TrainOptions& options, const RunFolder& folder) {
  return options.resume && has_checkpoint(folder);
}

void RunSession::resume() {
  Restored restored =
      load_checkpoint(trained_.ctx, folder_, trained_.task, trained_.model, trained_.adam, trained_.average);
  state_ = std::move(restored.state);
  if (!restored.damage.empty()) {
    spdlog::warn("warning: {}; going on from the checkpoint before it, of step {}", restored.damage, state_.step);
  }
  expect_same_epoch(state_, options_, length_);
  stopping_.restore(state_.stopping);
  if (scores_dice_ && state_.patches != options_.validated_patches()) {
    state_.validated.clear();
    if (has_scores()) {
      forget_scores("of validation by " + (state_.patches.empty() ? "whole fields of view" : state_.patches));
    }
  }
  const auto& scored = state_.stopping.recent;  // some epochs are not validated
  stopped_ = !scored.empty() && stopping_.stops_after(scored.back().epoch);
  trained_.watch.restore(state_.next_turn);
  folder_.restore_log(state_.log);
  if (!done()) spdlog::info("resumed in epoch {}, after step {}", state_.epoch, state_.step);
}

void RunSession::expect_same_everywhere() const {
  if (size_of(trained_.ctx.processes) == 1) return;
  const std::string here = fmt::format("epoch {}, step {}, sample {} and {} validated cases", state_.epoch, state_.step,
                                       state_.sample, state_.validated.size());
  const std::string first = trained_.ctx.processes->gather(here).front();
  agree(trained_.ctx.processes, [&] {
    REVUNET_EXPECTS(
        here == first, Error,
        "[{}] expected the checkpoint that the first process has read, of {}, got that of {}; the disk that "
        "they share is late: go on with `resume` once more",
        options_.out.string(), first, here);
  });
}

bool RunSession::at_end() const {
  return state_.epoch > options_.epochs || (options_.max_steps > 0 && state_.step >= options_.max_steps);
}

bool RunSession::done() const {
  return stopped_ || (at_end() && state_.sample_of_epoch == 0);
}

std::string RunSession::describe_end() const {
  if (stopped_) {
    return fmt::format(
        "nothing left to do: the mean validation Dice of {} epochs had not risen for {}; to go on, raise "
        "`stop-patience` or give 0",
        options_.stopping.window, options_.stopping.patience);
  }
  return fmt::format("nothing left to do after {} epochs and {} steps; to go on, raise `epochs` or `max-steps`",
                     state_.epoch - 1, state_.step);
}

bool RunSession::fails_everywhere() const {
  return size_of(trained_.ctx.processes) == 1 || trained_.ctx.processes->ends_together();
}

void RunSession::remember_step() {
  if (size_of(trained_.ctx.processes) > 1) after_step_ = state_;
}

void RunSession::go_back_to_step() {
  if (!after_step_ || length_.between_steps(state_.sample_of_epoch)) return;
  state_ = *after_step_;
  trained_.model.clear_gradients();
}

void RunSession::save() {
  go_back_to_step();
  state_.order = {options_.seed, length_.cases, length_.accumulate};
  state_.next_turn = trained_.watch.next_turn();
  state_.patches = options_.validated_patches();
  state_.stopping = stopping_.state();
  state_.log = folder_.log();
  agree_on_first(trained_.ctx.processes,
                 [&] { save_checkpoint(folder_, trained_.model, trained_.adam, trained_.average, state_); });
}

void RunSession::save_now() {
  progress_.clear();
  save();
}

void RunSession::write(const std::function<void()>& write) const try {
  agree_on_first(trained_.ctx.processes, write);
} catch (const DataError& e) {
  throw DataError(can_go_on(e));
}

std::string RunSession::can_go_on(const Error& error) const {
  return fmt::format("{}\nonce that is fixed, go on with `resume` {}", error.what(), options_.out.string());
}

// Uses averaged weights where there is an average. The network has them only during the call, because a checkpoint
// holds both.
void RunSession::save_weights_as(const std::string& name) const {
  const AveragedWeights averaged(trained_.average);
  write([&] {
    save_weights(folder_.file(name), trained_.model, options_.size, options_.patch, options_.background, options_.task);
  });
}

void RunSession::save_last() const {
  save_weights_as("last.safetensors");
}

std::optional<double> RunSession::score_of(const EpochRecord& record) const {
  if (!scores_dice_) return -record.total_loss();
  if (!record.validated) return std::nullopt;
  return record.mean_dice().value_or(-record.total_loss());  // the field of view may cut off every region
}

void RunSession::keep_best(const EpochRecord& record) {
  const std::optional<double> score = score_of(record);
  best_ = score && (!state_.best_score || *score > *state_.best_score);
  if (!best_) return;
  state_.best_score = score;
  save_weights_as("best.safetensors");
}

void RunSession::log(const EpochRecord& record) {
  write([&] { folder_.append(record); });
}

void RunSession::checkpoint(const EpochRecord& record) {
  if (record.mean_dice()) stopped_ = stopping_.update(record.epoch, *record.mean_dice());
  ++state_.epoch;
  state_.sample_of_epoch = 0;
  std::ranges::fill(state_.loss, 0);
  state_.validated.clear();
  state_.training_seconds = state_.waiting_seconds = 0;
  try {
    save();
  } catch (const DataError& e) {
    throw DataError(can_go_on(e));
  }
  remember_step();
  progress_.clear();
  spdlog::info(describe(record, options_.epochs, best_));
  if (!stopped_ || at_end()) return;
  spdlog::info("stopped: the mean validation Dice of {} epochs has not risen for {}", options_.stopping.window,
               options_.stopping.patience);
}

void RunSession::forget_older_scores() {
  const auto has_all = [](const RegionScores& scores) {
    return std::ranges::all_of(scores, [](const std::optional<double>& score) { return score.has_value(); });
  };
  if (!state_.older_scores) return;
  state_.older_scores = false;
  if (!has_scores() || std::ranges::all_of(state_.validated, has_all)) return;  // it is the same in both versions
  forget_scores("of a version that gave Dice 1 to regions which neither reference nor prediction has");
}

bool RunSession::has_scores() const {
  return state_.best_score || !stopping_.state().recent.empty();
}

void RunSession::forget_scores(const std::string& kind) {
  state_.best_score.reset();
  stopping_.restore({});
  progress_.clear();
  spdlog::warn(
      "warning: the scores of earlier epochs are {}; best.safetensors and early stopping go by the epochs from {} on",
      kind, state_.epoch);
}

void RunSession::leave_if_interrupted() {
  if (!any_of(trained_.ctx.processes, interrupted())) return;
  save_now();
  if (trained_.ctx.processes) trained_.ctx.processes->end_together();
  throw Interrupted(fmt::format("interrupted after step {}, in epoch {}; saved: go on with `resume` {}", state_.step,
                                state_.epoch, options_.out.string()));
}

std::string RunSession::saved_because_of(const Error& error) {
  try {
    save_now();
  } catch (const Error& e) {
    return fmt::format("{}\nand step {} could not be saved: {}", error.what(), state_.step, e.what());
  }
  return fmt::format("{}\nsaved after step {}: once that is fixed, go on with `resume` {}", error.what(), state_.step,
                     options_.out.string());
}

}  // namespace revunet
