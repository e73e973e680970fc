#include "tools/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <spdlog/spdlog.h>

#include "engine/memory/report.h"
#include "tools/common/interruption.h"
#include "tools/common/weights_file.h"
#include "tools/common/whole_volume.h"
#include "tools/train/streams.h"

namespace revunet::tools {

namespace {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Dice of each region between two label volumes; 1 where both are empty.
RegionValues region_dice(std::span<const uint8_t> reference, std::span<const uint8_t> prediction) {
  RegionValues common{}, sum{}, dice{};
  for (size_t i = 0; i < reference.size(); ++i) {
    const auto a = io::regions_of(reference[i]), b = io::regions_of(prediction[i]);
    for (size_t r = 0; r < dice.size(); ++r) {
      common[r] += a[r] && b[r];
      sum[r] += a[r] + b[r];
    }
  }
  for (size_t r = 0; r < dice.size(); ++r) dice[r] = sum[r] > 0 ? 2 * common[r] / sum[r] : 1.0;
  return dice;
}

std::string memory_line(const MemoryStats& stats) {
  std::string line = fmt::format("peak {:.0f} MiB", mib(stats.peak_allocated));
  const char* separator = ": ";
  for (size_t tag = 0; tag < kTagCount; ++tag) {
    if (mib(stats.at_peak[tag]) < 0.5) continue;
    line += fmt::format("{}{} {:.0f}", separator, kTagNames[tag], mib(stats.at_peak[tag]));
    separator = ", ";
  }
  return line;
}

int64_t steps_of(const TrainOptions& options, size_t cases) {
  const int64_t all = options.epochs * static_cast<int64_t>(cases);
  return options.max_steps > 0 ? std::min(all, options.max_steps) : all;
}

std::optional<TraceRecorder> recorder_of(const TrainOptions& options, int64_t steps, Device& device) {
  if (options.trace.path.empty()) return std::nullopt;
  return std::optional<TraceRecorder>(
      std::in_place, device.allocator(),
      make_header("revunet-train", device.kind(), options.threads, options.memory(steps)), options.trace);
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, const Split& split, RunFolder& folder)
    : options_(options),
      folder_(folder),
      total_steps_(steps_of(options, split.training.size())),
      compute_(options.device),
      recorder_(recorder_of(options, total_steps_, device_)),
      model_(make_unet(ctx_, options.network, DType::f32, options.seed, options.mode, operands_of(options.precision))),
      parameters_(model_->parameter_list()),
      adam_({.learning_rate = options.learning_rate.initial, .weight_decay = options.weight_decay}),
      training_(split.training, options.size),
      validation_(split.validation, options.size),
      watch_(options.monitor_reconstruction, options.precision),
      progress_(total_steps_) {
  if (options.resume) {
    resume();
  } else if (!options.init.empty()) {
    load_weights(io::read_safetensors(options.init), *model_);
  }
}

void Trainer::run() {
  try {
    // An epoch whose steps are all done may lack its validation.
    while ((!done() || state_.step_of_epoch > 0) && !state_.stopped) finish_epoch(run_epoch());
  } catch (const OutOfMemoryError& e) {
    progress_.clear();
    throw OutOfMemoryError(fmt::format("{}\n{}", e.what(), what_would_fit(options_.memory(total_steps_), e.capacity)),
                           e.capacity);
  }
  progress_.clear();
  report_memory();
  if (!recorder_) return;
  recorder_->finish();
  spdlog::info("memory trace of the first steps in {}", options_.trace.path.string());
}

void Trainer::report_memory() const {
  const size_t predicted = plan_training(options_.memory(total_steps_)).training.peak_allocated;
  spdlog::info("memory, {}: predicted peak {:.1f} MiB, measured {:.1f} MiB{}", describe(options_.memory(total_steps_)),
               mib(predicted), mib(peak_), predicted == peak_ ? " (equal, byte for byte)" : "");
}

// What lies outside the field of view is neither trained on nor counted in validation.
void Trainer::warn_if_cut(const std::string& case_name, const io::Preprocessed& c) {
  if (c.cut == io::Size3{}) return;
  progress_.clear();
  spdlog::warn("warning: case {}: the brain is {} voxels (x,y,z) larger than --size {}; they are cut off", case_name,
               fmt::join(c.cut, ","), fmt::join(options_.size, ","));
}

void Trainer::resume() {
  Restored restored = load_checkpoint(folder_, *model_, adam_);
  state_ = std::move(restored.state);
  if (!restored.damage.empty()) {
    spdlog::warn("warning: {}; going on from the checkpoint before, step {}", restored.damage, state_.step);
  }
  stopping_.restore(state_.stopping);
  folder_.restore_log(state_.log);
  progress_.skip(state_.step);
  spdlog::info("resumed in epoch {}, after step {}", state_.epoch, state_.step);
}

void Trainer::save() {
  state_.stopping = stopping_.state();
  state_.log = folder_.log();
  save_checkpoint(folder_, *model_, adam_, state_);
}

void Trainer::leave_if_interrupted() {
  if (!interrupted()) return;
  progress_.clear();
  save();
  throw Interrupted(fmt::format("[train] interrupted after step {}, in epoch {}; saved: go on with --resume {}",
                                state_.step, state_.epoch, options_.out.string()));
}

EpochRecord Trainer::run_epoch() {
  device_.allocator().reset_peak();
  adam_.set_learning_rate(options_.learning_rate.rate(state_.epoch));
  const std::vector<size_t> order = epoch_order(training_.count(), options_.seed, state_.epoch);
  const auto steps = std::min(static_cast<int64_t>(order.size()), total_steps_ - (state_.step - state_.step_of_epoch));
  progress_.begin_epoch(state_.epoch, options_.epochs, steps);
  while (state_.step_of_epoch < steps) {
    const Stopwatch stopwatch;
    const auto i = static_cast<size_t>(state_.step_of_epoch);
    const CaseLoader::Case current = training_.get(order[i]);
    if (state_.step_of_epoch + 1 < steps) training_.prefetch(order[i + 1]);
    if (state_.epoch == 1) warn_if_cut(training_.name(order[i]), *current);
    const auto stream = kPatchStream + static_cast<uint64_t>(state_.step);
    const Sample sample =
        options_.patch ? random_patch(*current, *options_.patch, Rng(options_.seed, stream)) : whole_sample(*current);
    const RegionValues losses = step(sample, training_.name(order[i]));
    ++state_.step;
    ++state_.step_of_epoch;
    for (size_t r = 0; r < losses.size(); ++r) state_.loss[r] += losses[r] / static_cast<double>(steps);
    state_.training_seconds += stopwatch.seconds();
    progress_.step(state_.step_of_epoch, losses[0] + losses[1] + losses[2], stopwatch.seconds());
    leave_if_interrupted();
  }
  EpochRecord record;
  record.epoch = state_.epoch;
  record.learning_rate = adam_.options().learning_rate;
  record.loss = state_.loss;
  record.step = state_.step;
  record.training_seconds = state_.training_seconds;
  record.memory = device_.allocator().stats();
  peak_ = std::max(peak_, record.memory.peak_allocated);
  return record;
}

Variable Trainer::losses_of(const Context& ctx, const Sample& sample) const {
  const auto volume = [&](const std::vector<float>& values, int64_t channels) {
    const LayerScope scope(ctx, "input");
    const auto [X, Y, Z] = sample.size;
    return from_host(ctx.with_tag(Tag::input), {1, X, Y, Z, channels}, activation_type(options_.precision),
                     std::span<const float>(values));
  };
  Tensor image = volume(sample.image, io::modality_count), target = volume(sample.target, io::region_count);
  return region_losses(ctx, *model_, std::move(image), std::move(target));
}

RegionValues Trainer::step(const Sample& sample, const std::string& case_name) {
  if (recorder_) recorder_->begin_step(state_.step + 1);
  const PhaseScope phase(ctx_, Phase::forward);  // of what backward and optimiser do not claim
  std::optional<Tape> tape(std::in_place);
  tape->set_monitor(watch_.for_step(state_.step));
  const Context ctx = ctx_.with_tape(&*tape);
  Variable losses = losses_of(ctx, sample);
  const std::vector<double> values = to_host_f64(losses.value);
  if (!std::ranges::all_of(values, [](double v) { return std::isfinite(v); })) {
    losses = Variable();
    tape.reset();  // its activations make room for a second forward
    explain_non_finite(sample, case_name);
  }

  learn(ctx, *tape, std::move(losses), *model_, adam_, options_.optimiser_step);
  compute_.save_plan_cache();
  return {values[0], values[1], values[2]};
}

void Trainer::explain_non_finite(const Sample& sample, const std::string& case_name) {
  const std::string where = fmt::format("[train] step {}, case {}: the loss is not finite", state_.step + 1, case_name);
  const std::filesystem::path last = folder_.file("last.safetensors");
  const std::string remedy =
      std::filesystem::exists(last)
          ? fmt::format("; the weights of the epoch before are in {}; try a smaller --lr", last.string())
          : std::string("; no epoch was finished; try other --init weights or a smaller --lr");
  for (const Parameter* p : parameters_) {
    const int64_t bad = count_non_finite(p->value);
    REVUNET_EXPECTS(bad == 0, NonFiniteError, "{}: expected finite weights, got {} NaN or infinite in {}{}", where, bad,
                    p->name, remedy);
  }
  try {
    Tape tape(true);
    losses_of(ctx_.with_tape(&tape), sample);
  } catch (const NonFiniteError& e) {
    throw NonFiniteError(fmt::format("{}: {}{}", where, e.what(), remedy));
  }
  throw NonFiniteError(where + remedy);
}

RegionValues Trainer::validate() {
  RegionValues mean{};
  for (size_t i = 0; i < validation_.count(); ++i) {
    progress_.note(fmt::format("validating {}/{}", i + 1, validation_.count()));
    const CaseLoader::Case c = validation_.get(i);
    if (i + 1 < validation_.count()) validation_.prefetch(i + 1);
    if (!state_.best_score) warn_if_cut(validation_.name(i), *c);  // in the first validation
    const auto probabilities =
        predict_whole_volume(ctx_, *model_, c->image, c->placement.size, activation_type(options_.precision));
    const RegionValues dice = region_dice(c->labels, labels_of(probabilities, validation_.name(i)));
    for (size_t r = 0; r < mean.size(); ++r) mean[r] += dice[r] / static_cast<double>(validation_.count());
    leave_if_interrupted();
  }
  return mean;
}

void Trainer::begin_next_epoch() {
  ++state_.epoch;
  state_.step_of_epoch = 0;
  state_.loss = {};
  state_.training_seconds = 0;
  save();
}

void Trainer::finish_epoch(EpochRecord record) {
  save_weights(folder_.file("last.safetensors"), *model_, options_.size);
  const Stopwatch stopwatch;
  if (validation_.count() > 0 && (record.epoch % options_.validate_every == 0 || done())) {
    try {
      record.dice = validate();
    } catch (const Interrupted&) {
      throw;  // the epoch goes on when the run does
    } catch (...) {
      folder_.append(record);  // the epoch's losses are not lost
      throw;
    }
    record.validation_seconds = stopwatch.seconds();
  }
  const bool scored = record.dice || validation_.count() == 0;
  const double score = record.dice ? record.mean_dice() : -record.total_loss();
  const bool best = scored && (!state_.best_score || score > *state_.best_score);
  if (best) {
    state_.best_score = score;
    save_weights(folder_.file("best.safetensors"), *model_, options_.size);
  }
  folder_.append(record);
  if (record.dice) state_.stopped = stopping_.update(record.epoch, record.mean_dice());
  begin_next_epoch();

  progress_.clear();
  const auto& l = record.loss;
  std::string line = fmt::format("epoch {}/{}  loss {:.4f} (WT {:.3f} TC {:.3f} ET {:.3f})", record.epoch,
                                 options_.epochs, record.total_loss(), l[0], l[1], l[2]);
  if (record.dice) {
    const auto& d = *record.dice;
    line += fmt::format("  validation Dice WT {:.3f} TC {:.3f} ET {:.3f}", d[0], d[1], d[2]);
  }
  line += fmt::format("  {:.1f} s  {}{}", record.training_seconds + record.validation_seconds,
                      memory_line(record.memory), best ? "  best" : "");
  spdlog::info(line);
  if (!state_.stopped || done()) return;
  spdlog::info("stopped: the mean validation Dice of {} epochs has not risen for {}", options_.stopping.window,
               options_.stopping.patience);
}

}  // namespace revunet::tools
