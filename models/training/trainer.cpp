#include "models/training/trainer.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "io/scores/metrics.h"
#include "models/inference/field_of_view.h"
#include "models/inference/label_table_of.h"
#include "models/inference/whole_volume.h"
#include "models/training/init_weights.h"
#include "models/training/samples/random_sequences.h"

namespace revunet {

namespace {

std::optional<TraceRecorder> recorder_of(const TrainOptions& options, const RunLength& length, Device& device,
                                         const std::string& program, RunProgress& progress) {
  if (options.trace.path.empty()) return std::nullopt;
  const int64_t whole_steps = length.cases / length.accumulate;
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

std::optional<io::CaseCache> cache_of(const TrainOptions& options) {
  if (options.cache.empty()) return std::nullopt;
  return io::CaseCache(options.cache, [](const std::string& damage) { spdlog::warn("warning: {}", damage); });
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
      length_{std::ssize(split.training), options.extras.accumulate, options.epochs, options.max_steps},
      compute_(options.device),
      recorder_(recorder_of(options, length_, device_, program, progress)),
      model_(initial_model(ctx_, options, RunSession::restores(options, folder))),
      adam_({.learning_rate = options.learning_rate.initial, .weight_decay = options.weight_decay}),
      step_(ctx_, *model_, adam_,
            {label_table_of(*task_), activation_type(options.precision), options.optimiser_step, options.extras,
             splitmix64(options.seed ^ kDropoutKey)}),
      cache_(cache_of(options)),
      samples_(options, split.training, cache_ ? &*cache_ : nullptr, step_.upload()),
      validation_(split.validation, options.size, cache_ ? &*cache_ : nullptr, options.least_field()),
      validation_ahead_([this](int64_t i) { return validation_.get(static_cast<size_t>(i)); }, options.loader_threads),
      watch_(options.monitor_reconstruction, options.precision),
      session_(options, length_, has_regions(split.validation_regions), folder, progress,
               {ctx_, *task_, *model_, adam_, step_.average(), watch_}),
      observers_(progress),
      memory_(options.memory(length_.steps())) {}

void Trainer::run() {
  if (session_.done()) {
    spdlog::info(session_.describe_end());
    return;
  }
  begin();
  while (!session_.done()) {
    EpochRecord record = train_epoch();
    session_.save_last();
    validate(record);
    session_.keep_best(record);
    session_.log(record);
    observers_.show([&](RunObserver& observer) { observer.on_epoch(record); });
    session_.checkpoint(record);
  }
  end();
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
  spdlog::warn(
      "warning: case {}: the box of its voxels that are not 0 is {} voxels (x,y,z) larger than `size` {}; they are cut "
      "off",
      case_name, fmt::join(cut, ","), fmt::join(options_.size, ","));
}

EpochRecord Trainer::train_epoch() {
  device_.allocator().reset_peak();
  adam_.set_learning_rate(options_.learning_rate.rate(state_.epoch, options_.epochs));
  const int64_t samples = session_.samples_of_epoch(), end = state_.sample - state_.sample_of_epoch + samples;
  progress_.begin_epoch(state_.epoch, options_.epochs, samples);
  minute_.restart();
  while (state_.sample_of_epoch < samples) {
    const Stopwatch stopwatch;
    const TrainingSample sample = session_.saved_if_failing([&] { return samples_.get(state_.sample, end); });
    if (state_.epoch == 1) warn_if_cut(sample.case_name, sample.cut);
    const RegionValues losses = train_on(sample);
    add_to(state_.loss, losses);
    state_.training_seconds += stopwatch.seconds();
    state_.waiting_seconds += samples_.take_waited();
    progress_.sample(state_.sample_of_epoch, sum_of(losses), stopwatch.seconds());
    log_place(samples);
    session_.leave_if_interrupted();
  }
  EpochRecord record = epoch_record();
  memory_.trained(record.memory.peak_allocated);
  return record;
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

RegionValues Trainer::train_on(const TrainingSample& sample) {
  const SamplePlace place{state_.sample, state_.sample_of_epoch % options_.extras.accumulate,
                          length_.samples_of_step(state_.sample_of_epoch)};
  if (recorder_ && place.index == 0) recorder_->begin_step(state_.step + 1);
  const std::vector<double> losses = take(sample, place);
  compute_.save_algorithms();
  ++state_.sample;
  ++state_.sample_of_epoch;
  state_.validated.clear();  // these scores were of other weights where more steps were asked for since
  add_to(state_.step_loss, losses, static_cast<double>(place.count));
  if (place.index + 1 == place.count) {
    ++state_.step;
    if (recorder_) recorder_->end_step();
    observers_.show([&](RunObserver& observer) { observer.on_step(state_.step, state_.step_loss); });
    std::ranges::fill(state_.step_loss, 0);
  }
  return losses;
}

std::vector<double> Trainer::take(const TrainingSample& sample, const SamplePlace& place) try {
  return step_.take(ctx_, sample.sample.voxels, place, {.reconstruction = watch_.for_step(state_.step)});
} catch (const NonFiniteLoss& e) {
  const std::filesystem::path last = folder_.file("last.safetensors");
  const std::string remedy =
      std::filesystem::exists(last)
          ? fmt::format("; the weights of the epoch before are in {}; try a smaller `lr`", last.string())
          : std::string("; no epoch was finished; try other `init` weights or a smaller `lr`");
  throw NonFiniteError(fmt::format("[train] step {}, case {}: the loss is not finite{}{}{}", state_.step + 1,
                                   sample.case_name, e.first.empty() ? "" : ": ", e.first, remedy));
}

// Uses averaged weights where there is an average. The network has them only during the call, because a checkpoint
// holds both.
std::vector<float> Trainer::predicted(const io::Preprocessed& c) {
  const AveragedWeights averaged(step_.average());
  const auto pass = [&](std::span<const float> image, const io::Size3& size) {
    return predict_whole_volume(ctx_, *model_, image, size, activation_type(options_.precision), outputs_of(*task_));
  };
  if (options_.validate_by == ValidationPass::whole) return pass(c.image, c.placement.size);
  const Windows windows{.size = options_.seen_in_validation(), .overlap = kDefaultOverlap};
  return predict_by_windows(c.image, c.placement.size, options_.network.in_channels, options_.network.out_channels,
                            windows, [&](std::span<const float> window) { return pass(window, windows.size); });
}

bool Trainer::validates(int64_t epoch) const {
  return validation_.count() > 0 &&
         (epoch % options_.validate_every == 0 || epoch == options_.epochs || session_.at_end());
}

void Trainer::validate(EpochRecord& record) {
  if (!validates(record.epoch)) return;
  const Stopwatch stopwatch;
  session_.logged_if_failing(record, [&] { record.dice = validation_scores(); });
  record.validated = true;
  record.validation_seconds = stopwatch.seconds();
}

RegionScores Trainer::validation_scores() {
  device_.allocator().reset_peak();
  const auto count = static_cast<int64_t>(validation_.count());
  for (size_t i = state_.validated.size(); i < validation_.count(); ++i) {
    progress_.note(fmt::format("validating {}/{}", i + 1, count));
    const SharedCase c =
        session_.saved_if_failing([&] { return validation_ahead_.get(static_cast<int64_t>(i), count); });
    if (!state_.best_score) warn_if_cut(validation_.name(i), c->cut);  // in the first validation
    std::vector<uint8_t> labels = labels_of(predicted(*c), *c->task, validation_.name(i));
    io::clear_padding(labels, c->placement);  // as in a prediction's file, which has no such voxels
    const RegionValues dice = io::region_dice(*c->task, c->labels, labels);
    observers_.show([&](RunObserver& observer) { observer.on_validation_case({state_.epoch, i, *c, labels, dice}); });
    state_.validated.push_back(scores_of_case(*c->task, c->labels, dice));
    if (minute_.is_over()) {
      spdlog::debug("epoch {}/{}, validated {}/{}", state_.epoch, options_.epochs, i + 1, count);
    }
    session_.leave_if_interrupted();
  }
  memory_.validated(device_.allocator().stats().peak_allocated);
  session_.forget_older_scores();
  return mean_over_cases(state_.validated);
}

}  // namespace revunet
