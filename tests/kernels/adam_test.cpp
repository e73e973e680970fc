// Tests Adam apart from its cases and golden values: its first step, skipped parameters, checkpoints and refusals.
#include "kernels/adam/adam.h"

#include <limits>

#include "engine/rng.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

Tensor normal_tensor(const Context& ctx, const Shape& shape, DType dtype, uint64_t random_sequence) {
  Rng rng(7, random_sequence);
  std::vector<double> values(static_cast<size_t>(shape.elements()));
  for (double& v : values) v = rng.normal();
  return from_host(ctx, shape, dtype, values);
}

Parameter normal_parameter(const Context& ctx, const Shape& shape, DType dtype, uint64_t random_sequence) {
  return {.name = "p" + std::to_string(random_sequence),
          .value = normal_tensor(ctx, shape, dtype, random_sequence),
          .gradient = {}};
}

// Runs steps [first, last) of two parameters, the second of which has no gradient in steps 1 and 2.
void run_steps(const Context& ctx, Adam& adam, std::vector<Parameter>& p, uint64_t first, uint64_t last) {
  for (uint64_t step = first; step < last; ++step) {
    p[0].gradient = normal_tensor(ctx, p[0].value.shape(), p[0].value.dtype(), 100 + step);
    p[1].clear_gradient();
    if (step != 1 && step != 2) p[1].gradient = normal_tensor(ctx, p[1].value.shape(), p[1].value.dtype(), 200 + step);
    Parameter* const parameters[] = {&p[0], &p[1]};
    adam.step(ctx, parameters);
  }
}

std::vector<Parameter> two_parameters(const Context& ctx) {
  return {normal_parameter(ctx, {3, 5}, DType::f32, 0), normal_parameter(ctx, {70001}, DType::f32, 1)};
}

}  // namespace

TEST_CASE("Adam's first step is learning_rate * g / (|g| + epsilon)") {
  Device device;
  const Context ctx{device};
  Parameter p = normal_parameter(ctx, {40}, DType::f64, 0);
  const auto before = to_host_f64(p.value);
  p.gradient = normal_tensor(ctx, {40}, DType::f64, 1);
  const auto g = to_host_f64(p.gradient);
  Adam adam({.learning_rate = 0.25, .epsilon = 0.5, .weight_decay = 0});
  Parameter* const parameters[] = {&p};
  adam.step(ctx, parameters);
  const auto after = to_host_f64(p.value);
  for (size_t i = 0; i < g.size(); ++i) {
    CHECK(after[i] == Approx(before[i] - 0.25 * g[i] / (std::abs(g[i]) + 0.5)).epsilon(0).margin(1e-14));
  }
  CHECK(to_host_f64(p.gradient) == g);
}

TEST_CASE("Adam skips a parameter without gradient, and its bias corrections do not count that step") {
  Device device;
  const Context ctx{device};
  auto p = two_parameters(ctx), alone = two_parameters(ctx);
  Adam adam, adam_alone;
  run_steps(ctx, adam, p, 0, 3);
  CHECK(adam.states()[0].steps == 3);
  CHECK(adam.states()[1].steps == 1);

  run_steps(ctx, adam_alone, alone, 0, 1);
  CHECK(to_host_f64(p[1].value) == to_host_f64(alone[1].value));
  run_steps(ctx, adam, p, 3, 4);
  run_steps(ctx, adam_alone, alone, 3, 4);
  CHECK(to_host_f64(p[1].value) == to_host_f64(alone[1].value));

  // A parameter that never has a gradient has no moments either.
  Adam fresh;
  run_steps(ctx, fresh, alone, 1, 2);
  CHECK_FALSE(fresh.states()[1].mean);
}

TEST_CASE("Adam restored from its states goes on with the same bits") {
  Device device;
  const Context ctx{device};
  auto p = two_parameters(ctx);
  Adam whole;
  run_steps(ctx, whole, p, 0, 6);

  auto q = two_parameters(ctx);
  Adam before, after;
  run_steps(ctx, before, q, 0, 3);
  std::vector<AdamState> saved = before.states();
  for (AdamState& s : saved) s = {clone(ctx, s.mean), clone(ctx, s.mean_square), s.steps};
  after.set_states(std::move(saved));
  run_steps(ctx, after, q, 3, 6);
  for (size_t i = 0; i < p.size(); ++i) CHECK(to_host_f64(p[i].value) == to_host_f64(q[i].value));
}

TEST_CASE("Adam's moments carry the tag optimiser") {
  Device device;
  const Context ctx{device, nullptr, Tag::parameter};
  auto p = two_parameters(ctx);
  const size_t parameter_bytes = device.allocator().stats()[Tag::parameter];
  REQUIRE(parameter_bytes > 0);
  Adam adam;
  run_steps(ctx, adam, p, 0, 1);
  // The moments take twice the bytes of the parameters, because both are rounded up to the same alignment.
  CHECK(device.allocator().stats()[Tag::optimiser] == 2 * parameter_bytes);
}

TEST_CASE("Adam refuses what it cannot do") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  for (const double rate : {-1e-4, kNaN}) {
    CHECK_THROWS_AS(Adam({.learning_rate = rate}), UsageError);
    Adam adam;
    CHECK_THROWS_AS(adam.set_learning_rate(rate), UsageError);
    CHECK(adam.options().learning_rate == 1e-4);
  }
  CHECK_THROWS_AS(Adam({.beta1 = 1}), UsageError);
  CHECK_THROWS_AS(Adam({.beta2 = -0.1}), UsageError);
  CHECK_THROWS_AS(Adam({.epsilon = 0}), UsageError);
  CHECK_THROWS_AS(Adam({.weight_decay = -1}), UsageError);

  Device device;
  const Context ctx{device};
  auto p = two_parameters(ctx);
  Adam adam;
  run_steps(ctx, adam, p, 0, 1);
  Parameter* const fewer[] = {&p[0]};
  CHECK_THROWS_WITH(adam.step(ctx, fewer), Catch::Matchers::ContainsSubstring("expected 2 parameters"));
  Parameter* const exchanged[] = {&p[1], &p[0]};
  CHECK_THROWS_WITH(adam.step(ctx, exchanged),
                    Catch::Matchers::ContainsSubstring("[adam p1] expected moments like the parameter"));
  p[0].gradient = zeros(ctx, {4}, DType::f32);
  Parameter* const wrong_gradient[] = {&p[0], &p[1]};
  CHECK_THROWS_WITH(adam.step(ctx, wrong_gradient),
                    Catch::Matchers::ContainsSubstring("[adam p0] expected a gradient like"));
}
