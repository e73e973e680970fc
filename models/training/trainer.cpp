#include "models/training/trainer.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "engine/process/interruption.h"
#include "io/scores/metrics.h"
#include "models/inference/weights_file.h"
#include "models/inference/whole_volume.h"
#include "models/training/init_weights.h"
#include "models/training/resumed_epoch.h"
#include "models/training/samples/streams.h"

namespace revunet {

namespace {

std::optional<TraceRecorder> recorder_of(const TrainOptions& options, const RunLength& length, Device& device,
                                         const std::string& program, RunProgress& progress) {
  if (options.trace.path.empty()) return std::nullopt;
  const int64_t whole_steps = length.cases / length.accumulate;
  REVUNET_EXPECTS(
      length.cases % length.accumulate == 0 || std::min(length.steps(), options.trace.steps) <= whole_steps, UsageError,
      "[--memory-trace] expected steps of {} samples, got an epoch of {}, whose last step has fewer, which no "
      "plan has; record at most {} with --memory-trace-steps",
      length.accumulate, length.cases, whole_steps);
  return std::optional<TraceRecorder>(
      std::in_place, device.allocator(),
      make_header(program, device.kind(), options.threads, options.memory(length.steps())), options.trace,
      [&progress](const std::string& warning) {
        progress.clear();
        spdlog::warn("warning: {}", warning);
      });
}

std::optional<io::CaseCache> cache_of(const TrainOptions& options) {
  if (options.cache.empty()) return std::nullopt;
  return io::CaseCache(options.cache, [](const std::string& damage) { spdlog::warn("warning: {}", damage); });
}

std::unique_ptr<UNet> initial_model(const Context& ctx, const TrainOptions& options, bool restored) {
  auto model = make_unet(ctx, options.network, DType::f32, options.seed, options.mode, operands_of(options.precision));
  if (!options.init.empty() && !restored) load_initial_weights(options.init, options.background, *model);
  return model;
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, const Split& split, RunFolder& folder, const std::string& program,
                 RunProgress& progress)
    : options_(options),
      folder_(folder),
      progress_(progress),
      length_{std::ssize(split.training), options.extras.accumulate, options.epochs, options.max_steps},
      compute_(options.device),
      recorder_(recorder_of(options, length_, device_, program, progress)),
      model_(initial_model(ctx_, options, restores())),
      adam_({.learning_rate = options.learning_rate.initial, .weight_decay = options.weight_decay}),
      step_(ctx_, *model_, adam_,
            {activation_type(options.precision), options.optimiser_step, options.extras,
             splitmix64(options.seed ^ kDropoutKey)}),
      cache_(cache_of(options)),
      samples_(options, split.training, cache_ ? &*cache_ : nullptr),
      validation_(split.validation, options.size, cache_ ? &*cache_ : nullptr),
      validation_ahead_([this](int64_t i) { return validation_.get(static_cast<size_t>(i)); }, options.loader_threads),
      watch_(options.monitor_reconstruction, options.precision),
      scores_dice_(has_regions(split.validation_regions)),
      memory_(options.memory(length_.steps())),
      rescue_(options.out, state_, [this] {
        progress_.clear();
        save();
      }) {
  if (restores()) {
    resume();
  } else if (options.resume) {
    spdlog::info("no checkpoint was written yet: the run starts from its beginning");
  }
}

template <class Show>
void Trainer::for_each_observer(Show show) {
  std::erase_if(observers_, [&](const std::unique_ptr<RunObserver>& observer) {
    try {
      show(*observer);
      return false;
    } catch (const std::exception& e) {
      progress_.clear();
      spdlog::warn("warning: {}; the run goes on without {}", e.what(), observer->name());
      return true;
    }
  });
}

std::string Trainer::describe_end() const {
  if (stopped_) {
    return fmt::format(
        "nothing left to do: the mean validation Dice of {} epochs had not risen for {}; to go on, raise "
        "--stop-patience or give 0",
        options_.stopping.window, options_.stopping.patience);
  }
  return fmt::format("nothing left to do after {} epochs and {} steps; to go on, raise --epochs or --max-steps",
                     state_.epoch - 1, state_.step);
}

void Trainer::run() {
  if (done()) {
    spdlog::info(describe_end());
    return;
  }
  progress_.begin_run(length_.samples(), state_.sample);
  memory_.log_prediction(device_);
  for_each_observer([&](RunObserver& o) { o.on_start(state_.step); });
  while (!done()) finish_epoch(run_epoch());  // an epoch whose steps are all done may lack its validation
  progress_.clear();
  memory_.log_measured(device_);
  for_each_observer([](RunObserver& o) { o.on_end(); });
  if (!recorder_) return;
  recorder_->finish();
  spdlog::info("memory trace of the first steps in {}", options_.trace.path.string());
}

// What lies outside the field of view is neither trained on nor counted in validation.
void Trainer::warn_if_cut(const std::string& case_name, const io::Size3& cut) {
  if (cut == io::Size3{}) return;
  progress_.clear();
  spdlog::warn("warning: case {}: the brain is {} voxels (x,y,z) larger than --size {}; they are cut off", case_name,
               fmt::join(cut, ","), fmt::join(options_.size, ","));
}

void Trainer::resume() {
  Restored restored = load_checkpoint(ctx_, folder_, *model_, adam_, step_.average());
  state_ = std::move(restored.state);
  if (!restored.damage.empty()) {
    spdlog::warn("warning: {}; going on from the checkpoint before, step {}", restored.damage, state_.step);
  }
  expect_same_epoch(state_, options_, length_);
  stopping_.restore(state_.stopping);
  const auto& scored = state_.stopping.recent;  // not every epoch is validated
  stopped_ = !scored.empty() && stopping_.stops_after(scored.back().epoch);
  watch_.restore(state_.next_turn);
  folder_.restore_log(state_.log);
  if (!done()) spdlog::info("resumed in epoch {}, after step {}", state_.epoch, state_.step);
}

void Trainer::save() {
  state_.order = order();
  state_.next_turn = watch_.next_turn();
  state_.stopping = stopping_.state();
  state_.log = folder_.log();
  save_checkpoint(folder_, *model_, adam_, step_.average(), state_);
}

TrainingSample Trainer::next_sample() {
  return rescue_.saved_if_failing(
      [&] { return samples_.get(state_.sample, state_.sample - state_.sample_of_epoch + samples_of_epoch()); });
}

EpochRecord Trainer::run_epoch() {
  device_.allocator().reset_peak();
  adam_.set_learning_rate(options_.learning_rate.rate(state_.epoch));
  const int64_t samples = samples_of_epoch();
  progress_.begin_epoch(state_.epoch, options_.epochs, samples);
  minute_.restart();
  while (state_.sample_of_epoch < samples) {
    const Stopwatch stopwatch;
    const TrainingSample sample = next_sample();
    if (state_.epoch == 1) warn_if_cut(sample.case_name, sample.cut);
    const RegionValues losses = train_on(sample);
    for (size_t r = 0; r < losses.size(); ++r) state_.loss[r] += losses[r];
    state_.training_seconds += stopwatch.seconds();
    state_.waiting_seconds += samples_.take_waited();
    progress_.sample(state_.sample_of_epoch, losses[0] + losses[1] + losses[2], stopwatch.seconds());
    if (minute_.is_over()) {
      const double sum = state_.loss[0] + state_.loss[1] + state_.loss[2];
      spdlog::debug("epoch {}/{}, sample {}/{}: mean loss {:.4f}, {:.1f} s so far", state_.epoch, options_.epochs,
                    state_.sample_of_epoch, samples, sum / static_cast<double>(state_.sample_of_epoch),
                    state_.training_seconds);
    }
    rescue_.leave_if_interrupted();
  }
  EpochRecord record;
  record.epoch = state_.epoch;
  record.learning_rate = adam_.options().learning_rate;
  for (size_t r = 0; r < record.loss.size(); ++r) {
    record.loss[r] = state_.loss[r] / static_cast<double>(state_.sample_of_epoch);
  }
  record.step = state_.step;
  record.training_seconds = state_.training_seconds;
  record.waiting_seconds = state_.waiting_seconds;
  record.memory = device_.allocator().stats();
  memory_.trained(record.memory.peak_allocated);
  return record;
}

RegionValues Trainer::train_on(const TrainingSample& sample) {
  const SamplePlace place{state_.sample, state_.sample_of_epoch % options_.extras.accumulate,
                          length_.samples_of_step(state_.sample_of_epoch)};
  if (recorder_ && place.index == 0) recorder_->begin_step(state_.step + 1);
  const std::vector<double> losses = take(sample, place);
  compute_.save_plan_cache();
  ++state_.sample;
  ++state_.sample_of_epoch;
  state_.validated.clear();  // was of other weights, where more steps were asked for since
  for (size_t r = 0; r < losses.size(); ++r) state_.step_loss[r] += losses[r] / static_cast<double>(place.count);
  if (place.index + 1 == place.count) {
    ++state_.step;
    if (recorder_) recorder_->end_step();
    for_each_observer([&](RunObserver& o) { o.on_step(state_.step, state_.step_loss); });
    state_.step_loss = {};
  }
  return {losses[0], losses[1], losses[2]};
}

std::vector<double> Trainer::take(const TrainingSample& sample, const SamplePlace& place) try {
  return step_.take(ctx_, sample.sample.view(), place, {.reconstruction = watch_.for_step(state_.step)});
} catch (const NonFiniteLoss& e) {
  const std::filesystem::path last = folder_.file("last.safetensors");
  const std::string remedy =
      std::filesystem::exists(last)
          ? fmt::format("; the weights of the epoch before are in {}; try a smaller --lr", last.string())
          : std::string("; no epoch was finished; try other --init weights or a smaller --lr");
  throw NonFiniteError(fmt::format("[train] step {}, case {}: the loss is not finite{}{}{}", state_.step + 1,
                                   sample.case_name, e.first.empty() ? "" : ": ", e.first, remedy));
}

// With averaged weights, where they are averaged: only while this runs, as what is saved is both.
std::vector<float> Trainer::predicted(const io::Preprocessed& c) {
  const AveragedWeights averaged(step_.average());
  return predict_whole_volume(ctx_, *model_, c.image, c.placement.size, activation_type(options_.precision));
}

void Trainer::save_averaged(const std::string& name) {
  const AveragedWeights averaged(step_.average());
  rescue_.write([&] { save_weights(folder_.file(name), *model_, options_.size, options_.patch, options_.background); });
}

RegionScores Trainer::validate() {
  device_.allocator().reset_peak();
  for (size_t i = state_.validated.size(); i < validation_.count(); ++i) {
    progress_.note(fmt::format("validating {}/{}", i + 1, validation_.count()));
    const CaseLoader::Case c = rescue_.saved_if_failing(
        [&] { return validation_ahead_.get(static_cast<int64_t>(i), static_cast<int64_t>(validation_.count())); });
    if (!state_.best_score) warn_if_cut(validation_.name(i), c->cut);  // in the first validation
    std::vector<uint8_t> labels = labels_of(predicted(*c), validation_.name(i));
    io::clear_padding(labels, c->placement);  // as a prediction's file, which has no such voxels
    const RegionValues dice = io::region_dice(c->labels, labels);
    for_each_observer([&](RunObserver& o) { o.on_validation_case({state_.epoch, i, *c, labels, dice}); });
    state_.validated.push_back(scores_of_case(c->labels, dice));
    if (minute_.is_over()) {
      spdlog::debug("epoch {}/{}, validated {}/{}", state_.epoch, options_.epochs, i + 1, validation_.count());
    }
    rescue_.leave_if_interrupted();
  }
  memory_.validated(device_.allocator().stats().peak_allocated);
  forget_older_scores();
  return mean_over_cases(state_.validated);
}

void Trainer::forget_older_scores() {
  const auto has_all = [](const RegionScores& scores) {
    return std::ranges::all_of(scores, [](const std::optional<double>& score) { return score.has_value(); });
  };
  if (!state_.older_scores) return;
  state_.older_scores = false;
  const bool known = state_.best_score || !stopping_.state().recent.empty();
  if (!known || std::ranges::all_of(state_.validated, has_all)) return;  // the same in both versions
  state_.best_score.reset();
  stopping_.restore({});
  progress_.clear();
  spdlog::warn(
      "warning: the scores of earlier epochs are of a version that gave Dice 1 to regions which neither reference nor "
      "prediction has; best.safetensors and early stopping go by the epochs from {} on",
      state_.epoch);
}

std::optional<double> Trainer::score_of(const EpochRecord& record, bool validated) const {
  if (!scores_dice_) return -record.total_loss();
  if (!validated) return std::nullopt;
  return record.mean_dice().value_or(-record.total_loss());  // --size may cut off all that there is
}

void Trainer::begin_next_epoch() {
  ++state_.epoch;
  state_.sample_of_epoch = 0;
  state_.loss = {};
  state_.validated.clear();
  state_.training_seconds = state_.waiting_seconds = 0;
  rescue_.write([&] { save(); });
}

void Trainer::finish_epoch(EpochRecord record) {
  save_averaged("last.safetensors");
  const Stopwatch stopwatch;
  const bool validates = validation_.count() > 0 &&
                         (record.epoch % options_.validate_every == 0 || record.epoch == options_.epochs || at_end());
  if (validates) {
    try {
      record.dice = validate();
    } catch (const Interrupted&) {
      throw;  // the epoch goes on when the run does
    } catch (const DataError&) {
      throw;
    } catch (...) {
      rescue_.write([&] { folder_.append(record); });  // the epoch's losses are not lost
      throw;
    }
    record.validation_seconds = stopwatch.seconds();
  }
  const std::optional<double> score = score_of(record, validates);
  const bool best = score && (!state_.best_score || *score > *state_.best_score);
  if (best) {
    state_.best_score = score;
    save_averaged("best.safetensors");
  }
  rescue_.write([&] { folder_.append(record); });
  for_each_observer([&](RunObserver& o) { o.on_epoch(record); });
  if (record.mean_dice()) stopped_ = stopping_.update(record.epoch, *record.mean_dice());
  begin_next_epoch();
  progress_.clear();
  spdlog::info(describe(record, options_.epochs, best));
  minute_.restart();
  if (!stopped_ || at_end()) return;
  spdlog::info("stopped: the mean validation Dice of {} epochs has not risen for {}", options_.stopping.window,
               options_.stopping.patience);
}

}  // namespace revunet
