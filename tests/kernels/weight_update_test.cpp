// Tests what happens to gradients and weights in addition to Adam: clipping and averages. Also tests the loss with
// cross entropy.
#include <cmath>
#include <limits>

#include "kernels/clip_gradients/clip_gradients.h"
#include "kernels/moving_average/moving_average.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"
#include "tests/support/catch.h"
#include "tests/support/coded_target.h"

using namespace revunet;

namespace {

Parameter with_gradient(const Context& ctx, const std::vector<double>& gradient, DType dtype) {
  const Shape shape{static_cast<int64_t>(gradient.size())};
  return {.name = "p",
          .value = zeros(ctx, shape, dtype),
          .gradient = from_host(ctx, shape, dtype, std::span<const double>(gradient))};
}

}  // namespace

TEST_CASE("gradients are clipped to their common norm, as PyTorch clips them") {
  Device device;
  const Context ctx{device};
  for (const DType dtype : {DType::f32, DType::f64}) {
    Parameter a = with_gradient(ctx, {3, 0}, dtype), b = with_gradient(ctx, {-4}, dtype), none{"none", a.value, {}};
    Parameter* const parameters[] = {&a, &none, &b};
    CHECK(clip_gradients(ctx, parameters, 10) == 5);  // sqrt(9 + 16)
    CHECK(to_host_f64(a.gradient) == std::vector<double>{3, 0});
    CHECK(clip_gradients(ctx, parameters, 0.5) == 5);
    const double factor = 0.5 / (5 + 1e-6), rounding = dtype == DType::f32 ? 0x1p-23 : 0x1p-52;
    CHECK(to_host_f64(a.gradient)[0] == Approx(3 * factor).epsilon(rounding));
    CHECK(to_host_f64(b.gradient)[0] == Approx(-4 * factor).epsilon(rounding));
    CHECK_FALSE(none.gradient);
  }
  Parameter* const nothing[] = {nullptr};
  CHECK_THROWS_AS(clip_gradients(ctx, {nothing, 0}, 0), UsageError);
  CHECK_THROWS_AS(clip_gradients(ctx, {nothing, 0}, std::numeric_limits<double>::infinity()), UsageError);
}

TEST_CASE("a moving average of a constant comes near it as powers do") {
  Device device;
  const Context ctx{device};
  const Tensor x = from_host(ctx, {2}, DType::f64, std::span<const double>(std::vector<double>{1, -3}));
  Tensor average = zeros(ctx, {2}, DType::f64);
  for (int i = 0; i < 10; ++i) moving_average(ctx, x, 0.25, average);
  const double remaining = std::pow(0.75, 10);
  CHECK(to_host_f64(average)[0] == Approx(1 - remaining).epsilon(1e-15));
  CHECK(to_host_f64(average)[1] == Approx(-3 * (1 - remaining)).epsilon(1e-15));
  moving_average(ctx, x, 1, average);
  CHECK(to_host_f64(average) == std::vector<double>{1, -3});
  CHECK_THROWS_AS(moving_average(ctx, x, 1.5, average), UsageError);
}

TEST_CASE("the cross entropy added to the Dice loss is that of logits, without overflow") {
  Device device;
  const Context ctx{device};
  // One region has two voxels: log 2 and log(1 + e^-z) in closed form, which is only z itself far from 0.
  const auto entropy = [&](std::vector<double> z, const std::vector<double>& t, DType dtype) {
    const Shape shape{1, static_cast<int64_t>(z.size()), 1, 1, 1};
    const auto [labels, table] = test::coded_target(ctx, shape, t);
    const Variable logits(from_host(ctx, shape, dtype, std::span<const double>(z)));
    const double with = to_host_f64(sigmoid_dice(ctx, logits, labels, table, 2).value)[0];
    return (with - to_host_f64(sigmoid_dice(ctx, logits, labels, table).value)[0]) / 2;
  };
  CHECK(entropy({0, 0}, {0, 1}, DType::f64) == Approx(std::log(2.0)).epsilon(1e-15));
  CHECK(entropy({3, -3}, {1, 0}, DType::f64) == Approx(std::log1p(std::exp(-3.0))).epsilon(1e-14));
  CHECK(entropy({1000, -1000}, {0, 1}, DType::f64) == 1000);
  CHECK(entropy({1000, -1000}, {1, 0}, DType::f64) == 0);
  CHECK(entropy({1000, -1000}, {0, 1}, DType::f32) == Approx(1000).epsilon(0x1p-23));
  // Python gives the same: (log1p(exp(-0.3)) + log1p(exp(-1.2)) + 2.5 + log1p(exp(-2.5))) / 3.
  CHECK(entropy({0.3, -1.2, 2.5}, {1, 0, 0}, DType::f64) == Approx(1.1321758153663692).epsilon(1e-14));
}
