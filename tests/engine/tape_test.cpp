#include "engine/tape.h"

#include <limits>

#include "tests/support/catch.h"

using namespace revunet;

namespace {

// y = factor * x, as an op of this test.
Variable scale(const Context& ctx, const Variable& x, double factor, const std::string& name = "scale") {
  Tensor y = clone(ctx, x.value);
  for (int64_t i = 0; i < y.elements(); ++i) y.data<double>()[i] *= factor;
  Variable out = make_output(ctx, y);
  if (ctx.tape) {
    ctx.tape->record({.name = name,
                      .inputs = {x.slot},
                      .outputs = {out},
                      .parameters = {},
                      .backward = [slot = x.slot, factor, kept = x.value](const Context& inner, std::vector<Tensor> dy,
                                                                          Gradients& g) {
                        auto [dx, accumulate] = g.target(inner, slot, dy[0].shape(), dy[0].dtype());
                        for (int64_t i = 0; i < dx.elements(); ++i) {
                          double& v = dx.data<double>()[i];
                          v = (accumulate ? v : 0) + factor * dy[0].data<double>()[i];
                        }
                      }});
  }
  return out;
}

Tensor values(const Context& ctx, std::vector<double> v) {
  return from_host(ctx, {static_cast<int64_t>(v.size())}, DType::f64, std::span<const double>(v));
}

}  // namespace

TEST_CASE("gradients of a variable used twice are added") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {1, 2}));
  const Variable a = scale(ctx, x, 3), b = scale(ctx, x, 5);
  std::vector<Tape::Seed> seeds(2);
  seeds[0] = {a.slot, values(ctx, {1, 10})};
  seeds[1] = {b.slot, values(ctx, {100, 1000})};
  tape.backward(ctx, std::move(seeds));
  CHECK(to_host_f64(tape.gradient(x)) == std::vector<double>{503, 5030});
}

TEST_CASE("a node that no gradient reaches does not run") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {1}));
  const Variable a = scale(ctx, x, 3);
  scale(ctx, x, std::numeric_limits<double>::quiet_NaN());
  tape.backward(ctx, a, values(ctx, {2}));
  CHECK(to_host_f64(tape.gradient(x)) == std::vector<double>{6});
}

TEST_CASE("what a node saved and the gradients on the way are freed as backward goes") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Variable x = tape.track(Tensor(ctx, {1 << 18}, DType::f64));  // 2 MiB
  fill_zero(x.value);
  const int slot = x.slot;
  for (int i = 0; i < 8; ++i) x = scale(ctx, x, 2);
  Tensor seed = clone(ctx, x.value);
  const Variable last({}, x.slot);
  x = Variable();
  // Eight saved inputs and the seed; each backward step adds one gradient and frees one gradient and one input.
  CHECK(device.allocator().stats().allocated == 9 * (2u << 20));
  device.allocator().reset_peak();
  tape.backward(ctx, last, std::move(seed));
  CHECK(device.allocator().stats().peak_allocated == 10 * (2u << 20));
  CHECK(tape.gradient(Variable({}, slot)));
  CHECK(device.allocator().stats().allocated == 2u << 20);
}

TEST_CASE("a second backward, and recording after one, are clear errors") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(values(ctx, {1}));
  const Variable y = scale(ctx, x, 2);
  tape.backward(ctx, y, values(ctx, {1}));
  CHECK_THROWS_WITH(tape.backward(ctx, {}), Catch::Matchers::ContainsSubstring("forward again on a new tape"));
  CHECK_THROWS_WITH(scale(ctx, x, 2), Catch::Matchers::ContainsSubstring("fresh tape"));
}

TEST_CASE("with the finite check the first offender is named, forward and backward") {
  Device device;
  const double inf = std::numeric_limits<double>::infinity();
  {
    Tape tape(true);
    const Context ctx{device, &tape};
    const Variable x = tape.track(values(ctx, {1, 2}));
    const Variable y = scale(ctx, x, 2, "good");
    CHECK_THROWS_AS(scale(ctx, y, inf, "bad"), NonFiniteError);
  }
  {
    Tape tape(true);
    const Context ctx{device, &tape};
    const Variable x = tape.track(values(ctx, {0, 2}));
    const Variable y = scale(ctx, scale(ctx, x, 1e200, "first"), 1e-200, "second");
    CHECK_THROWS_WITH(
        tape.backward(ctx, y, values(ctx, {1, inf})),
        Catch::Matchers::ContainsSubstring("[second]") && Catch::Matchers::ContainsSubstring("1 NaN or infinite of 2"));
  }
  {
    Tape tape;
    const Context ctx{device, &tape};
    CHECK_NOTHROW(scale(ctx, tape.track(values(ctx, {1})), inf));
  }
}
