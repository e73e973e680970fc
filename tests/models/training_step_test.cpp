// Tests steps on several samples, clipped and averaged, against the parts that they consist of.
#include <cmath>
#include <limits>

#include "engine/rng.h"
#include "io/task/brats_task.h"
#include "models/inference/label_table_of.h"
#include "models/training_step.h"
#include "tests/support/catch.h"
#include "tests/support/random_labels.h"

using namespace revunet;

namespace {

UNetConfig small_network() {
  return {.channels = {4, 8}};
}

std::vector<float> normal(size_t count, uint64_t random_sequence) {
  Rng rng(4, random_sequence);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(rng.normal());
  return values;
}

struct Steps {
  Device device;
  Context ctx{device};
  std::unique_ptr<UNet> model;
  Adam adam;

  Steps() : model(make_unet(ctx, small_network(), DType::f64, 3)), adam({.learning_rate = 0.01, .weight_decay = 0}) {}

  TrainingStep step(const StepExtras& extras) {
    return {
        ctx, *model, adam, {.labels = label_table_of(*io::brats_task()), .activations = DType::f64, .extras = extras}};
  }
  void take(TrainingStep& step, uint64_t sample, int64_t index, int64_t count) {
    const std::vector<float> image = normal(8 * 8 * 8 * 4, 2 * sample);
    const std::vector<uint8_t> labels = test::random_labels(8 * 8 * 8, sample);
    step.take(ctx, {{8, 8, 8}, image, labels}, {static_cast<int64_t>(sample), index, count});
  }
  std::vector<std::vector<double>> weights() const {
    std::vector<std::vector<double>> all;
    for (const auto& p : model->parameters()) all.push_back(to_host_f64(p->value));
    return all;
  }
};

}  // namespace

TEST_CASE("a step on several samples is Adam's with the mean of their gradients") {
  // Each entry is a third of a sample's gradients.
  std::vector<std::vector<std::vector<double>>> gradients;
  for (uint64_t sample = 0; sample < 3; ++sample) {
    Steps run;
    TrainingStep step = run.step({.accumulate = 3});
    run.take(step, sample, 0, 3);
    gradients.emplace_back();
    for (const auto& p : run.model->parameters()) gradients.back().push_back(to_host_f64(p->gradient));
  }
  Steps by_hand;
  for (size_t i = 0; i < by_hand.model->parameters().size(); ++i) {
    Parameter& p = *by_hand.model->parameters()[i];
    std::vector<double> mean(gradients[0][i].size());
    for (size_t j = 0; j < mean.size(); ++j) mean[j] = gradients[0][i][j] + gradients[1][i][j] + gradients[2][i][j];
    p.gradient = from_host(by_hand.ctx, p.value.shape(), DType::f64, std::span<const double>(mean));
  }
  by_hand.adam.step(by_hand.ctx, by_hand.model->parameter_list());

  Steps run;
  TrainingStep step = run.step({.accumulate = 3});
  const auto before = run.weights();
  for (int64_t i = 0; i < 3; ++i) {
    run.take(step, static_cast<uint64_t>(i), i, 3);
    if (i < 2) CHECK(run.weights() == before);
  }
  const auto got = run.weights(), expected = by_hand.weights();
  CHECK(got != before);
  for (size_t i = 0; i < got.size(); ++i) {
    for (size_t j = 0; j < got[i].size(); ++j) {
      // Adam's first step is lr g / (|g| + eps): for a gradient near 0, a rounding of 1e-17 becomes 1e-9 of that step.
      REQUIRE(got[i][j] == Approx(expected[i][j]).epsilon(0).margin(1e-9));
    }
  }
  for (const auto& p : run.model->parameters()) CHECK_FALSE(p->gradient);
}

TEST_CASE("averaged weights follow their definition, and swap in and out") {
  Steps run;
  constexpr double decay = 0.3;
  TrainingStep step = run.step({.ema = decay});
  REQUIRE(step.average());
  std::vector<std::vector<double>> average = run.weights();
  for (int64_t t = 1; t <= 4; ++t) {
    run.take(step, static_cast<uint64_t>(t), 0, 1);
    const auto weights = run.weights();
    const double d = std::min(decay, (1.0 + static_cast<double>(t)) / (10.0 + static_cast<double>(t)));
    for (size_t i = 0; i < average.size(); ++i) {
      for (size_t j = 0; j < average[i].size(); ++j) average[i][j] = d * average[i][j] + (1 - d) * weights[i][j];
    }
  }
  const auto weights = run.weights();
  {
    const AveragedWeights averaged(step.average());
    const auto got = run.weights();
    for (size_t i = 0; i < got.size(); ++i) {
      for (size_t j = 0; j < got[i].size(); ++j) REQUIRE(got[i][j] == Approx(average[i][j]).epsilon(0).margin(1e-14));
    }
  }
  CHECK(run.weights() == weights);
  const AveragedWeights none(nullptr);
}

TEST_CASE("the mean gradient of a step's samples is clipped once, as torch.nn.utils.clip_grad_norm_ does") {
  constexpr double limit = 0.001;
  Steps clipped, plain;
  TrainingStep clipping = clipped.step({.accumulate = 2, .clip_gradients = limit}),
               as_is = plain.step({.accumulate = 2});
  for (int64_t i = 0; i < 2; ++i) {
    clipped.take(clipping, static_cast<uint64_t>(i), i, 2);
    plain.take(as_is, static_cast<uint64_t>(i), i, 2);
  }
  // After Adam's first step its means are 0.1 times the gradients.
  double sum = 0;
  for (const AdamState& s : plain.adam.states()) sum += squared_norm(s.mean);
  const double norm = std::sqrt(sum) / 0.1, factor = limit / (norm + 1e-6);
  REQUIRE(norm > 2 * limit);
  for (size_t i = 0; i < plain.adam.states().size(); ++i) {
    const auto got = to_host_f64(clipped.adam.states()[i].mean), whole = to_host_f64(plain.adam.states()[i].mean);
    // The margin is the rounding of 1e-16 of the largest gradient, because others cancel from terms of its size.
    for (size_t j = 0; j < got.size(); ++j) REQUIRE(got[j] == Approx(factor * whole[j]).epsilon(1e-12).margin(1e-18));
  }
}

TEST_CASE("a loss that is not finite names the first tensor that is not, and changes no weight") {
  const auto first_of = [](Steps& run, float voxel) -> std::string {
    TrainingStep step = run.step({});
    const std::vector<float> image(8 * 8 * 8 * 4, voxel);
    const std::vector<uint8_t> labels(8 * 8 * 8);
    try {
      step.take(run.ctx, {{8, 8, 8}, image, labels});
    } catch (const NonFiniteLoss& e) {
      CHECK_THAT(e.what(), Catch::Matchers::ContainsSubstring("expected finite losses, got") &&
                               Catch::Matchers::ContainsSubstring(e.first));
      return e.first;
    }
    return "nothing";
  };
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Steps spoilt;
  Parameter& bias = *spoilt.model->parameters()[2];
  REQUIRE(bias.name == "lastConv.bias");
  assign(bias.value, std::vector<double>{0, kNaN, 0});
  CHECK(first_of(spoilt, 1) == "expected finite weights, got 1 NaN or infinite in lastConv.bias");

  Steps whole;
  const auto before = whole.weights();
  CHECK(first_of(whole, 1) == "nothing");
  CHECK(whole.weights() != before);
  const auto after = whole.weights();
  CHECK_THAT(first_of(whole, std::numeric_limits<float>::infinity()),
             Catch::Matchers::StartsWith("[conv3d firstConv.weight] expected finite values in its output"));
  CHECK(whole.weights() == after);
  CHECK(whole.adam.states().front().steps == 1);
}

TEST_CASE("extras that make no sense are refused") {
  const UNetConfig baseline = {.kind = ModelKind::baseline, .channels = {4, 8}};
  CHECK_NOTHROW(check_extras(small_network(), OptimiserStep::fused, {.cross_entropy = 1, .dropout = 0.2, .ema = 0.99}));
  for (const StepExtras& extras : std::vector<StepExtras>{{.accumulate = 0},
                                                          {.accumulate = 1'000'000},
                                                          {.cross_entropy = -1},
                                                          {.dropout = 1},
                                                          {.clip_gradients = -1},
                                                          {.ema = 1}}) {
    CHECK_THROWS_AS(check_extras(small_network(), OptimiserStep::separate, extras), UsageError);
  }
  CHECK_THROWS_AS(check_extras(baseline, OptimiserStep::separate, {.dropout = 0.1}), UsageError);
  CHECK_THROWS_AS(check_extras(small_network(), OptimiserStep::fused, {.accumulate = 2}), UsageError);
  CHECK_THROWS_AS(check_extras(small_network(), OptimiserStep::fused, {.clip_gradients = 1}), UsageError);
}
