#include "models/training/trainer.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "models/inference/label_table_of.h"
#include "models/training/init_weights.h"
#include "models/training/samples/random_sequences.h"

namespace revunet {

namespace {

std::optional<TraceRecorder> recorder_of(const TrainOptions& options, const RunLength& length, Device& device,
                                         const std::string& program, RunProgress& progress) {
  if (options.trace.path.empty()) return std::nullopt;
  const int64_t whole_steps = length.cases / length.accumulate;  // samples of all processes
  REVUNET_EXPECTS(
      length.cases % length.accumulate == 0 || std::min(length.steps(), options.trace.steps) <= whole_steps, UsageError,
      "[`memory-trace`] expected steps of {} samples, got an epoch of {}, whose last step has fewer, which no "
      "plan has; record at most {} with `memory-trace-steps`",
      length.accumulate, length.cases, whole_steps);
  return std::optional<TraceRecorder>(
      std::in_place, device.allocator(),
      make_header(program, device.kind(), options.threads, options.memory(length.steps())), options.trace,
      [&progress](const std::string& warning) {
        progress.clear();
        spdlog::warn("warning: {}", warning);
      });
}

std::optional<io::CaseCache> cache_of(const TrainOptions& options, SharedWarnings& warnings) {
  if (options.cache.empty()) return std::nullopt;
  return io::CaseCache(options.cache, [&warnings](const std::string& damage) { warnings.add(damage); });
}

std::unique_ptr<UNet> initial_model(const Context& ctx, const TrainOptions& options, bool restored) {
  auto model = make_unet(ctx, options.network, DType::f32, options.seed, options.mode, operands_of(options.precision));
  if (!options.init.empty() && !restored) load_initial_weights(options.init, options.background, options.task, *model);
  return model;
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, const Split& split, RunFolder& folder, const std::string& program,
                 RunProgress& progress)
    : options_(options),
      task_(split.training.front().task()),
      folder_(folder),
      progress_(progress),
      length_{std::ssize(split.training), options.extras.accumulate * size_of(options.processes), options.epochs,
              options.max_steps},
      compute_(options.device, options.processes),
      recorder_(recorder_of(options, length_, device_, program, progress)),
      model_(initial_model(ctx_, options, RunSession::restores(options, folder))),
      adam_({.learning_rate = options.learning_rate.initial, .weight_decay = options.weight_decay}),
      step_(ctx_, *model_, adam_,
            {label_table_of(*task_), activation_type(options.precision), options.optimiser_step, options.extras,
             splitmix64(options.seed ^ kDropoutKey)}),
      warnings_(options.processes),
      cache_(cache_of(options, warnings_)),
      samples_(options, split.training, cache_ ? &*cache_ : nullptr, step_.upload()),
      validation_(split.validation, options.size, cache_ ? &*cache_ : nullptr, options.least_field()),
      validation_share_(options.processes),
      validation_ahead_([this](int64_t i) { return validation_.get(static_cast<size_t>(validation_share_.number(i))); },
                        options.loader_threads),
      watch_(options.monitor_reconstruction, options.precision),
      session_(options, length_, has_regions(split.validation_regions), folder, progress,
               {ctx_, *task_, *model_, adam_, step_.average(), watch_}),
      observers_(progress),
      memory_(options.memory(length_.steps())),
      times_(options.processes, compute_.description()) {}

void Trainer::run() {
  session_.expect_same_everywhere();
  if (session_.done()) {
    spdlog::info(session_.describe_end());
    return;
  }
  begin();
  while (!session_.done()) {
    times_.begin_epoch();
    EpochRecord record = train_epoch();
    session_.save_last();
    validate(record);
    session_.keep_best(record);
    session_.log(record);
    show_processes(record.epoch);
    observers_.show([&](RunObserver& observer) { observer.on_epoch(record); });
    session_.checkpoint(record);
  }
  end();
}

void Trainer::show_processes(int64_t epoch) {
  const std::vector<ProcessTime> times = times_.end_epoch();
  if (times.empty()) return;
  observers_.show([&](RunObserver& observer) { observer.on_processes(epoch, times); });
}

void Trainer::begin() {
  progress_.begin_run(length_.samples(), state_.sample);
  memory_.log_prediction(device_);
  observers_.show([&](RunObserver& observer) { observer.on_start(state_.step); });
}

void Trainer::end() {
  progress_.clear();
  memory_.log_measured(device_);
  observers_.show([](RunObserver& observer) { observer.on_end(); });
  if (!recorder_) return;
  recorder_->finish();
  spdlog::info("memory trace of the first steps in {}", options_.trace.path.string());
}

// What lies outside the field of view is neither trained on nor counted in validation.
void Trainer::warn_if_cut(const std::string& case_name, const io::Size3& cut) {
  if (cut == io::Size3{}) return;
  progress_.clear();
  warnings_.add(fmt::format(
      "case {}: the box of its voxels that are not 0 is {} voxels (x,y,z) larger than `size` {}; they are cut off",
      case_name, fmt::join(cut, ","), fmt::join(options_.size, ",")));
}

EpochRecord Trainer::train_epoch() {
  device_.allocator().reset_peak();
  adam_.set_learning_rate(options_.learning_rate.rate(state_.epoch, options_.epochs));
  const int64_t samples = session_.samples_of_epoch(), end = state_.sample - state_.sample_of_epoch + samples;
  progress_.begin_epoch(state_.epoch, options_.epochs, samples);
  minute_.restart();
  samples_.begin_epoch(state_.sample);
  while (state_.sample_of_epoch < samples) {
    const Stopwatch stopwatch;
    const Round round = next_round();
    std::optional<TrainingSample> sample;
    session_.saved_if_failing([&] {
      agree(ctx_.processes, [&] {
        if (round.own) sample = samples_.get(round.own->sample, end);
      });
    });
    if (sample && state_.epoch == 1) warn_if_cut(sample->case_name, sample->cut);
    const std::vector<RegionValues> all_losses = train_on(round, sample);
    for (const RegionValues& losses : all_losses) {
      count(losses);
      progress_.sample(state_.sample_of_epoch, sum_of(losses), stopwatch.seconds() / static_cast<double>(round.count));
    }
    state_.training_seconds += stopwatch.seconds();
    if (sample) count_waiting(samples_.take_waited());
    log_place(samples);
    // Within a step, each of several processes has a part of the gradients.
    if (size_of(ctx_.processes) == 1 || length_.between_steps(state_.sample_of_epoch)) session_.leave_if_interrupted();
  }
  warnings_.exchange();
  EpochRecord record = epoch_record();
  memory_.trained(record.memory.peak_allocated);
  return record;
}

Trainer::Round Trainer::next_round() const {
  const int64_t done = state_.sample_of_epoch % length_.accumulate,
                of_step = length_.samples_of_step(state_.sample_of_epoch);
  const auto place = [&](int64_t rank) {
    const int64_t sample = state_.sample + rank;
    return SamplePlace{sample, done + rank, of_step, samples_.share().before(sample)};
  };
  const int64_t rank = rank_of(ctx_.processes);
  Round round{.count = std::min<int64_t>(size_of(ctx_.processes), of_step - done), .own = {}, .last = {}};
  if (rank < round.count) round.own = place(rank);
  round.last = place(round.count - 1);
  return round;
}

void Trainer::count_waiting(double seconds) {
  state_.waiting_seconds += seconds;
  times_.add_waiting_for_data(seconds);
}

void Trainer::log_place(int64_t samples) {
  if (!minute_.is_over()) return;
  const double sum = sum_of(state_.loss);
  spdlog::debug("epoch {}/{}, sample {}/{}: mean loss {:.4f}, {:.1f} s so far", state_.epoch, options_.epochs,
                state_.sample_of_epoch, samples, sum / static_cast<double>(state_.sample_of_epoch),
                state_.training_seconds);
}

// Returns the epoch's record, made from its steps.
EpochRecord Trainer::epoch_record() const {
  EpochRecord record;
  record.task = task_;
  record.epoch = state_.epoch;
  record.learning_rate = adam_.options().learning_rate;
  record.loss = state_.loss;
  for (double& loss : record.loss) loss /= static_cast<double>(state_.sample_of_epoch);
  record.step = state_.step;
  record.training_seconds = state_.training_seconds;
  record.waiting_seconds = state_.waiting_seconds;
  record.memory = device_.allocator().stats();
  return record;
}

std::vector<RegionValues> Trainer::train_on(const Round& round, const std::optional<TrainingSample>& sample) {
  if (recorder_ && state_.sample_of_epoch % length_.accumulate == 0) recorder_->begin_step(state_.step + 1);
  std::vector<RegionValues> losses;
  const auto on_losses = [&](std::span<const double> own) {
    losses = exchange_losses(ctx_.processes, round.count, own);
  };
  if (round.own) {
    take(*sample, *round.own, {.reconstruction = watch_.for_step(state_.step), .on_losses = on_losses});
  } else {
    on_losses({});
    step_.take_part(ctx_, round.last);
  }
  compute_.save_algorithms();
  return losses;
}

void Trainer::count(const RegionValues& losses) {
  add_to(state_.loss, losses);
  const int64_t index = state_.sample_of_epoch % length_.accumulate,
                of_step = length_.samples_of_step(state_.sample_of_epoch);
  ++state_.sample;
  ++state_.sample_of_epoch;
  state_.validated.clear();  // these scores were of other weights where more steps were asked for since
  add_to(state_.step_loss, losses, static_cast<double>(of_step));
  if (index + 1 < of_step) return;
  ++state_.step;
  if (recorder_) recorder_->end_step();
  observers_.show([&](RunObserver& observer) { observer.on_step(state_.step, state_.step_loss); });
  std::ranges::fill(state_.step_loss, 0);
  session_.remember_step();
}

std::vector<double> Trainer::take(const TrainingSample& sample, const SamplePlace& place, const StepWatch& watch) try {
  return step_.take(ctx_, sample.sample.voxels, place, watch);
} catch (const NonFiniteLoss& e) {
  const std::filesystem::path last = folder_.file("last.safetensors");
  const std::string remedy =
      std::filesystem::exists(last)
          ? fmt::format("; the weights of the epoch before are in {}; try a smaller `lr`", last.string())
          : std::string("; no epoch was finished; try other `init` weights or a smaller `lr`");
  agree(ctx_.processes, [&] {
    throw NonFiniteError(fmt::format("[train] step {}, case {}: the loss is not finite{}{}{}", state_.step + 1,
                                     sample.case_name, e.first.empty() ? "" : ": ", e.first, remedy));
  });
  throw;  // not reached: agree throws
}

}  // namespace revunet
