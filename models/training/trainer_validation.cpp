// This file has the Trainer's validation of an epoch.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/distributed/agreement.h"
#include "io/scores/metrics.h"
#include "models/inference/field_of_view.h"
#include "models/inference/whole_volume.h"
#include "models/training/trainer.h"

namespace revunet {

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
  const int64_t size = size_of(ctx_.processes), rank = rank_of(ctx_.processes);
  while (std::ssize(state_.validated) < count) {
    // A round ends where the first process has the next case. One that goes on with fewer processes may begin later.
    const int64_t first = std::ssize(state_.validated), end = std::min(count, (first / size + 1) * size);
    const int64_t own = first / size * size + rank;
    progress_.note(size == 1 ? fmt::format("validating {}/{}", end, count)
                             : fmt::format("validating {} to {} of {}", first + 1, end, count));
    ScoredCase validated;
    session_.saved_if_failing([&] {
      agree(ctx_.processes, [&] {
        if (own >= first && own < end)
          validated.input = validation_ahead_.get(validation_share_.before(own), validation_share_.before(count));
      });
    });
    if (validated.input) validate_case(own, validated);
    show_and_count(first, end, own, validated);
    if (minute_.is_over()) {
      spdlog::debug("epoch {}/{}, validated {}/{}", state_.epoch, options_.epochs, end, count);
    }
    session_.leave_if_interrupted();
  }
  warnings_.exchange();
  times_.add_waiting_for_data(validation_ahead_.take_waited());
  memory_.validated(device_.allocator().stats().peak_allocated);
  session_.forget_older_scores();
  return mean_over_cases(state_.validated);
}

void Trainer::validate_case(int64_t index, ScoredCase& c) {
  const io::Preprocessed& input = *c.input;
  const std::string& name = validation_.name(static_cast<size_t>(index));
  if (!state_.best_score) warn_if_cut(name, input.cut);  // in the first validation
  c.labels = labels_of(predicted(input), *input.task, name);
  io::clear_padding(c.labels, input.placement);  // as in a prediction's file, which has no such voxels
  c.dice = io::region_dice(*input.task, input.labels, c.labels);
  c.scores = scores_of_case(*input.task, input.labels, c.dice);
}

// Returns a case that another process has, or nothing where this one cannot read it: a picture is no reason to end.
SharedCase Trainer::to_draw(int64_t number) try {
  return validation_.get(static_cast<size_t>(number));
} catch (const Error& e) {
  progress_.clear();
  spdlog::warn("warning: {}; the case is not drawn", e.what());
  return nullptr;
}

// Other processes send their scores, and the labels of the cases that are drawn.
void Trainer::show_and_count(int64_t first, int64_t end, int64_t own, ScoredCase& mine) {
  const bool has_one = own >= first && own < end;
  std::vector<ScoredCase> cases =
      exchange_scores(ctx_.processes, first, end, has_one ? &mine : nullptr, own < options_.previews);
  for (ScoredCase& c : cases) {
    const int64_t number = std::ssize(state_.validated);
    if (rank_of(ctx_.processes) == 0 && !c.input && number < options_.previews) {
      c.input = to_draw(number);
    }
    observers_.show([&](RunObserver& observer) {
      observer.on_validation_case({state_.epoch, static_cast<size_t>(number), c.input.get(), c.labels, c.dice});
    });
    state_.validated.push_back(std::move(c.scores));
  }
}

}  // namespace revunet
