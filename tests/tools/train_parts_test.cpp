// The parts of a training run that need no program: schedules, patches, defaults and protocols, durations.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "engine/error.h"
#include "io/dataset/regions.h"
#include "models/training/clocks.h"
#include "models/training/run_length.h"
#include "models/training/samples/samples.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"
#include "tools/train/protocol.h"
#include "tools/train/resolve_options.h"
#include "tools/train/terminal_progress.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr io::Size3 volume = {12, 10, 8}, patch = {4, 6, 2};

// Channel c of voxel (x, y, z) holds a number that says so; below 2^24, so exact.
float code(int64_t x, int64_t y, int64_t z, int64_t c) {
  return static_cast<float>(((x * 100 + y) * 100 + z) * 10 + c);
}

io::Preprocessed coded_case() {
  io::Preprocessed result;
  result.placement.size = volume;
  for (int64_t x = 0; x < volume[0]; ++x)
    for (int64_t y = 0; y < volume[1]; ++y)
      for (int64_t z = 0; z < volume[2]; ++z) {
        for (int64_t c = 0; c < 4; ++c) result.image.push_back(code(x, y, z, c));
        result.labels.push_back(0);
      }
  return result;
}

uint8_t& label_at(io::Preprocessed& c, int64_t x, int64_t y, int64_t z) {
  return c.labels[static_cast<size_t>((x * volume[1] + y) * volume[2] + z)];
}

// The patch's corner, decoded from its first voxel.
std::array<int64_t, 3> corner(const Sample& sample) {
  const auto first = static_cast<int64_t>(sample.image[0]);
  return {first / 100000, first / 1000 % 100, first / 10 % 100};
}

bool holds_tumour(const Sample& sample) {
  return std::any_of(sample.target.begin(), sample.target.end(), [](float t) { return t != 0; });
}

TrainOptions parse(const std::vector<std::string>& arguments) {
  CLI::App app("", "revunet-train");
  TrainArguments typed;
  add_train_options(app, typed);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  app.parse(reversed);
  apply_protocol(app, typed.protocol);
  return resolve(typed);
}

}  // namespace

TEST_CASE("the learning rate drops as PyTorch's MultiStepLR lets it", "[train]") {
  const LearningRateSchedule paper;
  // torch.optim.lr_scheduler.MultiStepLR(optimiser, [250, 400, 550], gamma=0.2), stepped after every epoch, from 1e-4.
  for (const auto& [epoch, rate] : std::map<int64_t, double>{{1, 1e-4},
                                                             {250, 1e-4},
                                                             {251, 2e-5},
                                                             {400, 2e-5},
                                                             {401, 4.000000000000001e-06},
                                                             {550, 4.000000000000001e-06},
                                                             {551, 8.000000000000002e-07},
                                                             {1000, 8.000000000000002e-07}}) {
    INFO("epoch " << epoch);
    CHECK(paper.rate(epoch) == Approx(rate).epsilon(1e-14));
  }
  CHECK(LearningRateSchedule{0.5, {}, 5}.rate(1000) == 0.5);
}

TEST_CASE("training stops where the moving average has not risen for as long as is waited", "[train]") {
  // Epoch in which it stops, 0 for never; a score an epoch.
  const auto stops = [](const StoppingRule& rule, const std::vector<double>& scores) -> int64_t {
    EarlyStopping stopping(rule);
    for (size_t i = 0; i < scores.size(); ++i) {
      if (stopping.update(static_cast<int64_t>(i) + 1, scores[i])) return static_cast<int64_t>(i) + 1;
    }
    return 0;
  };
  // Averages of 2: -, 1.5, 2.5, 2.5, 2, 2, 3. The last rise before the end is in epoch 3.
  const std::vector<double> scores = {1, 2, 3, 2, 2, 2, 4};
  CHECK(stops({2, 3}, scores) == 6);
  CHECK(stops({2, 4}, scores) == 0);  // 3 in epoch 7 is a rise in time
  CHECK(stops({2, 0}, scores) == 0);
  CHECK(stops({1, 2}, scores) == 5);  // the scores themselves: 3 in epoch 3
  // The paper's: an average over 30 epochs that rises to epoch 40 and then stays is waited for to epoch 100.
  std::vector<double> plateau(200, 0.5);
  for (size_t i = 0; i < 40; ++i) plateau[i] = 0.0125 * static_cast<double>(i);
  // The scores rise to epoch 40, so averages of 30 go on rising to epoch 70: the first of nothing but 0.5.
  CHECK(stops({30, 60}, plateau) == 130);
  // A lucky first epoch, ten times the second, counts for one of a window.
  std::vector<double> lucky(40, 0.1);
  for (size_t i = 1; i < lucky.size(); ++i) lucky[i] = 0.01 * static_cast<double>(i);
  CHECK(stops({5, 10}, lucky) == 0);
  // Scores of every third epoch: the window is of epochs, whatever was scored in them.
  EarlyStopping sparse({6, 9});
  std::vector<bool> stopped;
  for (int64_t epoch = 3; epoch <= 21; epoch += 3)
    stopped.push_back(sparse.update(epoch, epoch <= 9 ? 0.1 * static_cast<double>(epoch) : 0.9));
  CHECK(stopped == std::vector<bool>{false, false, false, false, false, false, true});  // highest in epoch 12
}

TEST_CASE("a run's samples and steps, counted by hand", "[train]") {
  // Ten cases by four: steps of 4, 4 and 2 samples.
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
  // Five steps: 4, 4, 2 and 4, 4.
  const RunLength limited{10, 4, 3, 5};
  CHECK(limited.steps() == 5);
  CHECK(limited.samples() == 18);
  CHECK(limited.samples_of_epoch(1, 4) == 10);
  CHECK(limited.samples_of_epoch(3, 0) == 8);
  CHECK(limited.samples_of_epoch(4, 7) == 8);
  CHECK(limited.samples_of_epoch(5, 8) == 8);
  // Two steps, then four more: 4, 4 | 4, 4, 2 and 4 of an epoch that the first end cut short.
  const RunLength extended{10, 4, 3, 6};
  CHECK(extended.samples_of_epoch(2, 0) == 10);
  CHECK(extended.samples_of_epoch(5, 0) == 4);
}

TEST_CASE("a patch is a window of its case, image and target alike", "[train]") {
  io::Preprocessed c = coded_case();
  for (int64_t x = 2; x < 9; ++x)
    for (int64_t z = 1; z < 7; ++z) label_at(c, x, 5, z) = static_cast<uint8_t>(x < 4 ? 1 : x < 7 ? 2 : 4);
  std::set<std::array<int64_t, 3>> corners;
  for (uint64_t draw = 0; draw < 20000; ++draw) {
    const Sample sample = random_patch(c, patch, 0.5, Rng(1, draw));
    const auto low = corner(sample);
    corners.insert(low);
    std::vector<float> image, target;
    for (int64_t x = low[0]; x < low[0] + patch[0]; ++x)
      for (int64_t y = low[1]; y < low[1] + patch[1]; ++y)
        for (int64_t z = low[2]; z < low[2] + patch[2]; ++z) {
          for (int64_t channel = 0; channel < 4; ++channel) image.push_back(code(x, y, z, channel));
          const uint8_t label = label_at(c, x, y, z);
          for (const bool inside : {label != 0, label == 1 || label == 4, label == 4}) target.push_back(inside);
        }
    REQUIRE(sample.size == patch);
    REQUIRE(sample.image == image);
    REQUIRE(sample.target == target);
  }
  CHECK(corners.size() == 9 * 5 * 7);  // every window that fits: each is missed with probability below e^-31
}

TEST_CASE("half of the patches are put on the tumour, which lies anywhere in them", "[train]") {
  constexpr int draws = 4000;
  // Share of patches that hold the one tumour voxel: a half, and of the other half those that hold it by chance.
  const auto expect_share = [](io::Preprocessed& c, double by_chance) {
    const double expected = 0.5 + 0.5 * by_chance;
    int holding = 0;
    for (uint64_t draw = 0; draw < draws; ++draw) holding += holds_tumour(random_patch(c, patch, 0.5, Rng(2, draw)));
    CHECK(std::abs(holding / double{draws} - expected) < 5 * std::sqrt(expected * (1 - expected) / draws));
  };
  io::Preprocessed in_corner = coded_case();
  label_at(in_corner, 11, 0, 7) = 4;
  expect_share(in_corner, 1.0 / (9 * 5 * 7));  // one window of all holds the corner
  io::Preprocessed inside = coded_case();
  label_at(inside, 5, 5, 4) = 1;
  expect_share(inside, 4.0 * 5 * 2 / (9 * 5 * 7));

  std::array<int, 4> place{};  // of the voxel inside the patch, along x
  int holding = 0;
  for (uint64_t draw = 0; draw < draws; ++draw) {
    const Sample sample = random_patch(inside, patch, 0.5, Rng(3, draw));
    if (!holds_tumour(sample)) continue;
    ++holding;
    ++place.at(static_cast<size_t>(5 - corner(sample)[0]));
  }
  for (const int count : place) CHECK(std::abs(count - holding / 4.0) < 5 * std::sqrt(holding * 0.25 * 0.75));

  io::Preprocessed healthy = coded_case();
  CHECK_FALSE(holds_tumour(random_patch(healthy, patch, 0.5, Rng(4))));
  const Sample all = random_patch(inside, volume, 0.5, Rng(5));
  CHECK(all.image == inside.image);
  CHECK(all.target == whole_sample(inside).target);
  CHECK(whole_sample(inside).image == inside.image);
}

TEST_CASE("the defaults are the paper's", "[train]") {
  const TrainOptions options = parse({"--data", "d", "--out", "o"});
  CHECK(options.network == UNetConfig{.channels = {60, 120, 240, 360, 480}});
  CHECK(options.size == io::Size3{160, 192, 160});
  CHECK_FALSE(options.patch.has_value());
  CHECK(options.learning_rate.initial == 1e-4);
  CHECK(options.learning_rate.drops == std::vector<int64_t>{250, 400, 550});
  CHECK(options.learning_rate.divisor == 5);
  CHECK(options.weight_decay == 1e-5);
  CHECK(parse({"--data", "d", "--out", "o", "--model", "baseline"}).network ==
        UNetConfig{.kind = ModelKind::baseline, .channels = {30, 60, 120, 240, 480}});
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

// Section 2.4 of arXiv 1906.06148; epochs and ranges of augmentation from experiments/noNewReversible.py of the
// authors.
TEST_CASE("the protocol named paper is the paper's, and every number can be overridden", "[train]") {
  const TrainOptions paper = parse({"--plan", "--protocol", "paper"});
  CHECK(paper.learning_rate.initial == 1e-4);
  CHECK(paper.learning_rate.drops == std::vector<int64_t>{250, 400, 550});
  CHECK(paper.learning_rate.divisor == 5);
  CHECK(paper.weight_decay == 1e-5);
  CHECK(paper.stopping.window == 30);
  CHECK(paper.stopping.patience == 60);
  CHECK(paper.split.validation_fraction == 0.2);
  CHECK(paper.extras == StepExtras{});
  REQUIRE(paper.augmentation);
  CHECK(paper.augmentation->deformation == 10);
  CHECK(paper.augmentation->intensity_shift == 0.1);
  CHECK(paper.epochs == 1000);
  CHECK(paper.augmentation->rotation == 20);
  CHECK(paper.augmentation->scale_low == Approx(1 / 1.1).margin(1e-7));
  CHECK(paper.augmentation->scale_high == 1.1);
  CHECK(paper.augmentation->flip == 0.5);
  CHECK_FALSE(paper.augmentation->strong);
  CHECK_FALSE(paper.patch);
  CHECK(paper.size == io::Size3{160, 192, 160});

  const TrainOptions patches = parse({"--plan", "--protocol", "paper-patch", "--lr", "0.001", "--deformation", "5"});
  CHECK(patches.patch == io::Size3{128, 128, 128});
  CHECK(patches.learning_rate.initial == 0.001);
  CHECK(patches.augmentation->deformation == 5);
  CHECK(patches.stopping.patience == 60);
  CHECK(patches.foreground == 0);  // patches lie anywhere
  for (const ProtocolValue& set : protocol_values("paper-patch")) {
    CLI::App app;
    TrainArguments typed;
    add_train_options(app, typed);
    const bool whole = set.option == "accumulate" || set.option == "epochs" || set.option.starts_with("stop");
    const std::string given = set.option == "augment" ? "strong" : whole ? "7" : "0.25";
    app.parse(std::vector<std::string>{"paper-patch", "--protocol", given, "--" + set.option});  // reversed
    apply_protocol(app, typed.protocol);
    INFO(set.option);
    CHECK(app.get_option("--" + set.option)->results() == std::vector<std::string>{given});
  }
  CHECK_FALSE(parse({"--plan", "--protocol", "paper", "--augment", "none"}).augmentation);
  CHECK_FALSE(parse({"--plan"}).augmentation);
  CHECK_THROWS_AS(parse({"--plan", "--protocol", "none", "--augment", "paper", "--scaling", "1.1"}), UsageError);
}
