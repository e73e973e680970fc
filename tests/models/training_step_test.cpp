// Steps on several samples, clipped and averaged, against what they are made of.
#include <cmath>

#include "engine/rng.h"
#include "models/training_step.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

UNetConfig small_network() {
  return {.channels = {4, 8}};
}

Tensor normal(const Context& ctx, const Shape& shape, uint64_t stream) {
  Rng rng(4, stream);
  std::vector<double> values(static_cast<size_t>(shape.elements()));
  for (double& v : values) v = rng.normal();
  return from_host(ctx, {shape, DType::f64, Layout::activation}, std::span<const double>(values));
}

struct Run {
  Device device;
  Context ctx{device};
  std::unique_ptr<UNet> model;
  Adam adam;

  Run() : model(make_unet(ctx, small_network(), DType::f64, 3)), adam({.learning_rate = 0.01, .weight_decay = 0}) {}

  Variable losses(TrainingStep& step, const Context& recording, uint64_t sample) {
    return step.losses(recording, normal(ctx, {1, 8, 8, 8, 4}, 2 * sample),
                       normal(ctx, {1, 8, 8, 8, 3}, 2 * sample + 1), static_cast<int64_t>(sample));
  }
  void train_on(TrainingStep& step, uint64_t sample, int64_t index, int64_t count) {
    Tape tape;
    const Context recording = ctx.with_tape(&tape);
    Variable l = losses(step, recording, sample);
    step.learn(recording, tape, std::move(l), index, count);
  }
  std::vector<std::vector<double>> weights() const {
    std::vector<std::vector<double>> all;
    for (const auto& p : model->parameters()) all.push_back(to_host_f64(p->value));
    return all;
  }
};

}  // namespace

TEST_CASE("a step on several samples is Adam's with the mean of their gradients") {
  // Gradients of each sample alone.
  std::vector<std::vector<std::vector<double>>> gradients;
  for (uint64_t sample = 0; sample < 3; ++sample) {
    Run run;
    TrainingStep step(run.ctx, *run.model, run.adam, OptimiserStep::separate, {});
    Tape tape;
    const Context recording = run.ctx.with_tape(&tape);
    Variable losses = run.losses(step, recording, sample);
    add_gradients(recording, tape, std::move(losses), 1);
    gradients.emplace_back();
    for (const auto& p : run.model->parameters()) gradients.back().push_back(to_host_f64(p->gradient));
  }
  Run by_hand;
  for (size_t i = 0; i < by_hand.model->parameters().size(); ++i) {
    Parameter& p = *by_hand.model->parameters()[i];
    std::vector<double> mean(gradients[0][i].size());
    for (size_t j = 0; j < mean.size(); ++j)
      mean[j] = (gradients[0][i][j] + gradients[1][i][j] + gradients[2][i][j]) / 3;
    p.gradient = from_host(by_hand.ctx, p.value.shape(), DType::f64, std::span<const double>(mean));
  }
  by_hand.adam.step(by_hand.ctx, by_hand.model->parameter_list());

  Run run;
  TrainingStep step(run.ctx, *run.model, run.adam, OptimiserStep::separate, {.accumulate = 3});
  const auto before = run.weights();
  for (int64_t i = 0; i < 3; ++i) {
    run.train_on(step, static_cast<uint64_t>(i), i, 3);
    if (i < 2) CHECK(run.weights() == before);
  }
  const auto got = run.weights(), expected = by_hand.weights();
  CHECK(got != before);
  for (size_t i = 0; i < got.size(); ++i) {
    for (size_t j = 0; j < got[i].size(); ++j) {
      // Adam's first step is lr g / (|g| + eps): of a gradient near 0, rounding of 1e-17 is one of 1e-9 of that step.
      REQUIRE(got[i][j] == Approx(expected[i][j]).epsilon(0).margin(1e-9));
    }
  }
  for (const auto& p : run.model->parameters()) CHECK_FALSE(p->gradient);
}

TEST_CASE("averaged weights follow their definition, and swap in and out") {
  Run run;
  constexpr double decay = 0.3;
  TrainingStep step(run.ctx, *run.model, run.adam, OptimiserStep::separate, {.average = decay});
  REQUIRE(step.average());
  std::vector<std::vector<double>> average = run.weights();
  for (int64_t t = 1; t <= 4; ++t) {
    run.train_on(step, static_cast<uint64_t>(t), 0, 1);
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
  Run clipped, plain;
  TrainingStep clipping(clipped.ctx, *clipped.model, clipped.adam, OptimiserStep::separate,
                        {.accumulate = 2, .clip = limit});
  TrainingStep as_is(plain.ctx, *plain.model, plain.adam, OptimiserStep::separate, {.accumulate = 2});
  for (int64_t i = 0; i < 2; ++i) {
    clipped.train_on(clipping, static_cast<uint64_t>(i), i, 2);
    plain.train_on(as_is, static_cast<uint64_t>(i), i, 2);
  }
  // After Adam's first step its means are 0.1 times the gradients.
  double sum = 0;
  for (const AdamState& s : plain.adam.states()) sum += squared_norm(s.mean);
  const double norm = std::sqrt(sum) / 0.1, factor = limit / (norm + 1e-6);
  REQUIRE(norm > 2 * limit);
  for (size_t i = 0; i < plain.adam.states().size(); ++i) {
    const auto got = to_host_f64(clipped.adam.states()[i].mean), whole = to_host_f64(plain.adam.states()[i].mean);
    // Rounding of 1e-16 of the largest gradient, which others cancel to.
    for (size_t j = 0; j < got.size(); ++j) REQUIRE(got[j] == Approx(factor * whole[j]).epsilon(1e-12).margin(1e-18));
  }
}

TEST_CASE("extras that make no sense are refused") {
  const UNetConfig baseline = {.kind = ModelKind::baseline, .channels = {4, 8}};
  CHECK_NOTHROW(
      check_extras(small_network(), OptimiserStep::fused, {.cross_entropy = 1, .dropout = 0.2, .average = 0.99}));
  for (const StepExtras& extras : std::vector<StepExtras>{{.accumulate = 0},
                                                          {.accumulate = 1'000'000},
                                                          {.cross_entropy = -1},
                                                          {.dropout = 1},
                                                          {.clip = -1},
                                                          {.average = 1}}) {
    CHECK_THROWS_AS(check_extras(small_network(), OptimiserStep::separate, extras), UsageError);
  }
  CHECK_THROWS_AS(check_extras(baseline, OptimiserStep::separate, {.dropout = 0.1}), UsageError);
  CHECK_THROWS_AS(check_extras(small_network(), OptimiserStep::fused, {.accumulate = 2}), UsageError);
  CHECK_THROWS_AS(check_extras(small_network(), OptimiserStep::fused, {.clip = 1}), UsageError);
}
