// Tests when a run does what: learning rates, the end by early stopping, samples and steps, and a line per minute.
#include <cstdlib>
#include <map>

#include "engine/distributed/communicator.h"
#include "engine/error.h"
#include "models/training/clocks.h"
#include "models/training/early_stopping.h"
#include "models/training/learning_rate.h"
#include "models/training/resumed_epoch.h"
#include "models/training/run_length.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("the learning rate drops as with PyTorch's MultiStepLR", "[train]") {
  const LearningRateSchedule paper;
  // The values are those of torch.optim.lr_scheduler.MultiStepLR(optimiser, [250, 400, 550], gamma=0.2), stepped after
  // every epoch, from 1e-4.
  for (const auto& [epoch, rate] : std::map<int64_t, double>{{1, 1e-4},
                                                             {250, 1e-4},
                                                             {251, 2e-5},
                                                             {400, 2e-5},
                                                             {401, 4.000000000000001e-06},
                                                             {550, 4.000000000000001e-06},
                                                             {551, 8.000000000000002e-07},
                                                             {1000, 8.000000000000002e-07}}) {
    INFO("epoch " << epoch);
    CHECK(paper.rate(epoch, 1000) == Approx(rate).epsilon(1e-14));
  }
  CHECK(LearningRateSchedule{0.5, {}, 5}.rate(1000, 1000) == 0.5);
}

TEST_CASE("the learning rate falls as nnU-Net's PolyLRScheduler does", "[train]") {
  const LearningRateSchedule falling{.initial = 1e-2, .curve = LearningRateCurve::polynomial};
  // The values are 1e-2 * (1 - step / 1000) ** 0.9 of Python, for steps 0, 1, 500 and 999.
  for (const auto& [epoch, rate] : std::map<int64_t, double>{
           {1, 1e-2}, {2, 0.009990999549834914}, {501, 0.005358867312681466}, {1000, 1.995262314968881e-05}}) {
    INFO("epoch " << epoch);
    CHECK(falling.rate(epoch, 1000) == Approx(rate).epsilon(1e-14));
  }
}

TEST_CASE("a rate that falls by the number of epochs needs the epoch that a run is in", "[train]") {
  RunState state;
  state.order = {.seed = 0, .cases = 3, .accumulate = 1};
  state.epoch = 2;
  TrainOptions options;
  options.epochs = 1;
  options.learning_rate.curve = LearningRateCurve::polynomial;
  const RunLength length{.cases = 3, .accumulate = 1, .epochs = 1, .max_steps = 0};
  CHECK_NOTHROW(expect_same_epoch(state, options, length));  // it has not begun, so there is nothing left to do
  state.sample_of_epoch = 1;
  CHECK_THAT(message_of<UsageError>([&] { expect_same_epoch(state, options, length); }),
             ContainsSubstring("[`epochs`] expected at least the 2 epochs that the run has begun"));
  options.learning_rate.curve = LearningRateCurve::drops;
  CHECK_NOTHROW(expect_same_epoch(state, options, length));
}

namespace {

// These are as many processes as it says, of which this test needs the number alone.
class Processes : public Communicator {
 public:
  explicit Processes(int count) : count_(count) {}
  int rank() const override { return 0; }
  int size() const override { return count_; }
  int local_rank() const override { return 0; }
  int local_size() const override { return count_; }
  std::future<void> begin_sum(std::vector<std::span<float>>, std::span<float>, int) override { return {}; }
  [[noreturn]] void abort(int) override { std::abort(); }

 protected:
  std::vector<std::string> gather_texts(const std::string&) override { return {}; }

 private:
  int count_;
};

}  // namespace

TEST_CASE("several processes go on at the end of a step, where the sums of one are whole", "[train]") {
  Processes processes(2);
  RunState state;
  state.order = {.seed = 0, .cases = 7, .accumulate = 4};
  state.epoch = 1;
  TrainOptions options;
  options.epochs = 1;
  const RunLength length{.cases = 7, .accumulate = 4, .epochs = 1, .max_steps = 0};
  for (const auto& [samples, whole] : {std::pair{3, false}, {4, true}, {6, false}, {7, true}}) {
    INFO(samples << " samples");
    state.sample_of_epoch = samples;
    state.step = samples / 4 + (samples == 7 ? 1 : 0);
    options.processes = nullptr;
    CHECK_NOTHROW(expect_same_epoch(state, options, length));
    options.processes = &processes;
    if (whole) {
      CHECK_NOTHROW(expect_same_epoch(state, options, length));
    } else {
      CHECK_THAT(message_of<UsageError>([&] { expect_same_epoch(state, options, length); }),
                 ContainsSubstring(fmt::format("was saved after {} of the 4 samples of step", samples % 4)) &&
                     ContainsSubstring("end the epoch with `max-steps` 2"));
    }
  }
}

TEST_CASE("a schedule's drops ascend from epoch 1 on, and its rate never ends below the least normal float",
          "[train]") {
  CHECK_NOTHROW(check_schedule({}, 1000));
  for (const std::vector<int64_t>& drops : {std::vector<int64_t>{0, 2}, {4, 4}, {5, 3}}) {
    CHECK_THAT(message_of<UsageError>([&] { check_schedule({.drops = drops}, 10); }),
               ContainsSubstring("[`lr-drops`] expected epochs from 1 on, ascending"));
  }
  // A rate of 1e-30 becomes 1e-40 after the third epoch. The least normal float is 1.2e-38.
  const LearningRateSchedule falling{.initial = 1e-30, .drops = {3}, .divisor = 1e10};
  CHECK_NOTHROW(check_schedule(falling, 3));
  CHECK_THAT(message_of<UsageError>([&] { check_schedule(falling, 4); }), ContainsSubstring("in epoch 4"));
}

TEST_CASE("training stops where the moving average has not risen for the epochs of the patience", "[train]") {
  // Returns the epoch in which it stops, or 0 for never. There is one score per epoch.
  const auto stops = [](const StoppingRule& rule, const std::vector<double>& scores) -> int64_t {
    EarlyStopping stopping(rule);
    for (size_t i = 0; i < scores.size(); ++i) {
      if (stopping.update(static_cast<int64_t>(i) + 1, scores[i])) return static_cast<int64_t>(i) + 1;
    }
    return 0;
  };
  // The averages of 2 are: none, 1.5, 2.5, 2.5, 2, 2, 3. The last rise before the end is in epoch 3.
  const std::vector<double> scores = {1, 2, 3, 2, 2, 2, 4};
  CHECK(stops({2, 3}, scores) == 6);
  CHECK(stops({2, 4}, scores) == 0);  // 3 in epoch 7 is a rise in time
  CHECK(stops({2, 0}, scores) == 0);
  CHECK(stops({1, 2}, scores) == 5);  // the scores themselves: 3 in epoch 3
  // With the paper's rule, an average over 30 epochs that rises to epoch 40 and then stays is waited for to epoch 100.
  std::vector<double> plateau(200, 0.5);
  for (size_t i = 0; i < 40; ++i) plateau[i] = 0.0125 * static_cast<double>(i);
  // The scores rise to epoch 40, so averages of 30 go on rising to epoch 70: the first of nothing but 0.5.
  CHECK(stops({30, 60}, plateau) == 130);
  // A lucky first epoch, ten times the second, counts as one score in a window.
  std::vector<double> lucky(40, 0.1);
  for (size_t i = 1; i < lucky.size(); ++i) lucky[i] = 0.01 * static_cast<double>(i);
  CHECK(stops({5, 10}, lucky) == 0);
  // Only every third epoch has a score. The window counts epochs, whatever was scored in them.
  EarlyStopping sparse({6, 9});
  std::vector<bool> stopped;
  for (int64_t epoch = 3; epoch <= 21; epoch += 3)
    stopped.push_back(sparse.update(epoch, epoch <= 9 ? 0.1 * static_cast<double>(epoch) : 0.9));
  CHECK(stopped == std::vector<bool>{false, false, false, false, false, false, true});  // highest in epoch 12
}

TEST_CASE("a run's samples and steps, counted by hand", "[train]") {
  // Ten cases by four give steps of 4, 4 and 2 samples.
  const RunLength whole{10, 4, 3, 0};
  CHECK(whole.steps_an_epoch() == 3);
  CHECK(whole.steps() == 9);
  CHECK(whole.samples() == 30);
  for (const auto& [index, samples] : {std::pair{0, 4}, {3, 4}, {4, 4}, {7, 4}, {8, 2}, {9, 2}}) {
    CHECK(whole.samples_of_step(index) == samples);
  }
  CHECK(whole.samples_of_epoch(0, 0) == 10);
  CHECK(whole.samples_of_epoch(3, 10) == 10);  // after its last step
  CHECK(whole.samples_of_epoch(7, 5) == 10);   // within its second
  // Five steps have 4, 4, 2 and 4, 4 samples.
  const RunLength limited{10, 4, 3, 5};
  CHECK(limited.steps() == 5);
  CHECK(limited.samples() == 18);
  CHECK(limited.samples_of_epoch(1, 4) == 10);
  CHECK(limited.samples_of_epoch(3, 0) == 8);
  CHECK(limited.samples_of_epoch(4, 7) == 8);
  CHECK(limited.samples_of_epoch(5, 8) == 8);
  // Two steps are followed by four more: 4, 4 | 4, 4, 2 and 4 samples, of an epoch that the first end cut short.
  const RunLength extended{10, 4, 3, 6};
  CHECK(extended.samples_of_epoch(2, 0) == 10);
  CHECK(extended.samples_of_epoch(5, 0) == 4);
}

TEST_CASE("a long epoch is logged once a minute", "[train]") {
  using namespace std::chrono_literals;
  const Clock::time_point start{};
  EveryMinute minute;
  minute.restart(start);
  CHECK_FALSE(minute.is_over(start + 59s));
  CHECK(minute.is_over(start + 61s));
  CHECK_FALSE(minute.is_over(start + 120s));
  CHECK(minute.is_over(start + 121s));
  minute.restart(start + 130s);
  CHECK_FALSE(minute.is_over(start + 189s));
}

// The values are those of section 2.4 of arXiv 1906.06148; epochs and ranges of augmentation are from the authors'
// experiments/noNewReversible.py.
