// Tests what the generic cases cannot see: closed forms, adjoints, ties and NaN, extreme values, and whose memory a
// result takes.
#include <cmath>
#include <limits>

#include "engine/rng.h"
#include "kernels/add/add.h"
#include "kernels/max_pool3d/max_pool3d.h"
#include "kernels/sigmoid/sigmoid.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"
#include "tests/support/catch.h"
#include "tests/support/coded_target.h"

using namespace revunet;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Tensor random_tensor(const Context& ctx, const Shape& shape, DType dtype, uint64_t random_sequence) {
  Rng rng(8, random_sequence);
  std::vector<double> values(static_cast<size_t>(shape.elements()));
  for (double& v : values) v = rng.normal();
  return from_host(ctx, shape, dtype, values);
}

Tensor filled(const Context& ctx, const Shape& shape, double value, DType dtype = DType::f64) {
  return from_host(ctx, shape, dtype, std::vector<double>(static_cast<size_t>(shape.elements()), value));
}

double dot(const Tensor& a, const Tensor& b) {
  const auto x = to_host_f64(a), y = to_host_f64(b);
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

}  // namespace

TEST_CASE("upsample_trilinear's backward is the adjoint of its forward") {
  Device device;
  const Context ctx{device};
  for (const Shape& shape : {Shape{1, 1, 1, 1, 1}, Shape{2, 1, 2, 3, 4}, Shape{1, 5, 4, 3, 9}, Shape{1, 2, 7, 1, 30}}) {
    INFO(shape.to_string());
    const Tensor x = random_tensor(ctx, shape, DType::f64, 0);
    const Tensor dy = random_tensor(ctx, upsample_trilinear_shape(shape), DType::f64, 1);
    Tensor y(ctx, dy.shape(), DType::f64), dx(ctx, shape, DType::f64);
    upsample_trilinear_forward(ctx, x, y, Write::overwrite);
    upsample_trilinear_backward(ctx, dy, dx, false);
    // The tolerance is relative to the length of the vectors, because the products themselves may cancel.
    CHECK(std::abs(dot(y, dy) - dot(x, dx)) <= 1e-14 * std::sqrt(dot(y, y) * dot(dy, dy)));

    upsample_trilinear_backward(ctx, dy, dx, true);
    CHECK(std::abs(2 * dot(y, dy) - dot(x, dx)) <= 2e-14 * std::sqrt(dot(y, y) * dot(dy, dy)));
  }
}

TEST_CASE("upsample_trilinear keeps constants, edges included, and straight lines inside") {
  Device device;
  const Context ctx{device};
  Tensor y(ctx, {1, 6, 2, 8, 5}, DType::f64);
  upsample_trilinear_forward(ctx, filled(ctx, {1, 3, 1, 4, 5}, 3.0), y, Write::overwrite);
  for (const double v : to_host_f64(y)) CHECK(v == 3.0);

  // x = d + 10 h + 100 w at the voxels' centres. Output i lies at (i - 0.5) / 2 of the input's indices.
  std::vector<double> ramp;
  for (const int d : {0, 1, 2, 3}) {
    for (const int h : {0, 1, 2}) {
      for (const int w : {0, 1, 2, 3, 4}) ramp.push_back(d + 10 * h + 100 * w);
    }
  }
  Tensor up(ctx, {1, 8, 6, 10, 1}, DType::f64);
  upsample_trilinear_forward(ctx, from_host(ctx, {1, 4, 3, 5, 1}, DType::f64, ramp), up, Write::overwrite);
  const auto values = to_host_f64(up);
  for (int d = 1; d < 7; ++d) {
    for (int h = 1; h < 5; ++h) {
      for (int w = 1; w < 9; ++w) {
        const double expected = ((d - 0.5) + 10 * (h - 0.5) + 100 * (w - 0.5)) / 2;
        CHECK(values[static_cast<size_t>((d * 6 + h) * 10 + w)] == Approx(expected).epsilon(1e-15));
      }
    }
  }
}

TEST_CASE("upsample_trilinear's write modes: subtracting what was added gives the skip back") {
  Device device;
  const Context ctx{device};
  const Tensor low = random_tensor(ctx, {1, 2, 3, 4, 5}, DType::f64, 0);
  const Tensor skip = random_tensor(ctx, {1, 4, 6, 8, 5}, DType::f64, 1);
  Tensor up(ctx, skip.shape(), DType::f64), sum(ctx, skip.shape(), DType::f64), added = clone(ctx, skip);
  upsample_trilinear_forward(ctx, low, up, Write::overwrite);
  upsample_trilinear_add_forward(ctx, low, skip, sum);
  upsample_trilinear_forward(ctx, low, added, Write::add);
  CHECK(to_host_f64(sum) == to_host_f64(added));

  const auto s = to_host_f64(skip), u = to_host_f64(up), together = to_host_f64(sum);
  upsample_trilinear_forward(ctx, low, sum, Write::subtract);
  const auto back = to_host_f64(sum);
  for (size_t i = 0; i < s.size(); ++i) {
    CHECK(std::abs(together[i] - (s[i] + u[i])) <= 1e-15);
    CHECK(std::abs(back[i] - s[i]) <= 2e-15);  // one rounding of a sum of a few units, each way
  }
}

TEST_CASE("upsample_trilinear_add takes the skip's memory only where nobody shares it") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Variable low = tape.track(random_tensor(ctx, {1, 1, 2, 2, 3}, DType::f64, 0));
  Variable skip = tape.track(random_tensor(ctx, {1, 2, 4, 4, 3}, DType::f64, 1));
  const double* memory = skip.value.data<double>();
  const auto before = to_host_f64(skip.value);
  const Variable shared = upsample_trilinear_add(ctx, low, skip);
  CHECK(shared.value.data<double>() != memory);
  CHECK(to_host_f64(skip.value) == before);
  const Variable own = upsample_trilinear_add(ctx, low, std::move(skip));
  CHECK(own.value.data<double>() == memory);
  CHECK(to_host_f64(own.value) == to_host_f64(shared.value));
}

TEST_CASE("upsample_trilinear refuses tensors that do not fit") {
  Device device;
  const Context ctx{device};
  const Tensor x = filled(ctx, {1, 2, 2, 2, 3}, 1);
  Tensor odd(ctx, {1, 4, 4, 3, 3}, DType::f64), other_type(ctx, {1, 4, 4, 4, 3}, DType::f32);
  CHECK_THROWS_WITH(upsample_trilinear_forward(ctx, x, odd, Write::overwrite),
                    Catch::Matchers::ContainsSubstring("(1, 4, 4, 3, 3) and (1, 2, 2, 2, 3)"));
  CHECK_THROWS_AS(upsample_trilinear_forward(ctx, x, other_type, Write::overwrite), Error);
  CHECK_THROWS_AS(upsample_trilinear_add(ctx, Variable(x), Variable(odd)), Error);
}

TEST_CASE("max_pool3d passes a tie's gradient to the first voxel, as PyTorch does") {
  Device device;
  const Context ctx{device};
  // A Window holds one channel in (d, h, w) order, and where its gradient belongs.
  struct Window {
    std::vector<double> x;
    size_t chosen;
    double y;
  };
  const std::vector<Window> windows = {
      {{1, 1, 1, 1, 1, 1, 1, 1}, 0, 1},
      {{0, 2, 1, 2, 2, 1, 0, 2}, 1, 2},
      {{-3, -4, -1, -2, -1, -5, -1, -6}, 2, -1},
      {{0.0, -0.0, -1, 0.0, -2, -0.0, 0.0, -1}, 0, 0.0},
      {{-kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity}, 0, -kInfinity},
      {{1, kInfinity, 2, kInfinity, 0, 0, 0, 0}, 1, kInfinity},
      {{1, 2, kNaN, 4, 5, 6, 7, 8}, 2, kNaN},
      {{kNaN, 2, 3, 4, 5, 6, 7, kInfinity}, 0, kNaN},
      {{1, kNaN, 3, 4, kNaN, 6, 7, 8}, 4, kNaN},  // the last of several NaNs
  };
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const Window& window : windows) {
      // There are 11 channels, so that both the vector loop and its tail see the window.
      constexpr int64_t kChannels = 11;
      std::vector<double> repeated, gradient(8 * kChannels);
      for (const double v : window.x) repeated.insert(repeated.end(), kChannels, v);
      const Tensor x = from_host(ctx, {1, 2, 2, 2, kChannels}, dtype, repeated);
      Tensor y(ctx, {1, 1, 1, 1, kChannels}, dtype), dx = filled(ctx, x.shape(), 7.0, dtype);
      max_pool3d_forward(ctx, x, y);
      INFO(fmt::format("{}: {}", name_of(dtype), fmt::join(window.x, ", ")));
      for (const double v : to_host_f64(y)) CHECK((v == window.y || (std::isnan(v) && std::isnan(window.y))));

      std::fill_n(gradient.begin() + static_cast<int64_t>(window.chosen) * kChannels, kChannels, 3.0);
      max_pool3d_backward(ctx, x, filled(ctx, y.shape(), 3.0, dtype), dx, false);
      CHECK(to_host_f64(dx) == gradient);
      max_pool3d_backward(ctx, x, filled(ctx, y.shape(), 3.0, dtype), dx, true);
      for (double& v : gradient) v *= 2;
      CHECK(to_host_f64(dx) == gradient);
    }
  }
}

TEST_CASE("max_pool3d refuses odd extents and names the nearest even ones") {
  Device device;
  const Context ctx{device};
  CHECK_THROWS_AS(max_pool3d(ctx, Variable(filled(ctx, {1, 5, 4, 1, 2}, 0))), UsageError);
  CHECK_THROWS_WITH(max_pool3d(ctx, Variable(filled(ctx, {1, 5, 4, 1, 2}, 0))),
                    Catch::Matchers::ContainsSubstring("(1, 5, 4, 1, 2)") &&
                        Catch::Matchers::ContainsSubstring("D 4 or 6, H 4, W 2"));
  CHECK_THROWS_AS(max_pool3d_shape({1, 2, 3, 2, 2}), UsageError);
  // An extent along an axis that is not halved may be odd.
  CHECK(max_pool3d_shape({1, 2, 3, 4, 2}, {true, false, true}) == Shape{1, 1, 3, 2, 2});
  CHECK_THROWS_WITH(max_pool3d_shape({1, 2, 3, 5, 2}, {true, false, true}),
                    Catch::Matchers::ContainsSubstring("D 2, W 4 or 6"));
  CHECK_THROWS_AS(max_pool3d_shape({1, 2, 4, 4, 2}, {false, false, false}), Error);
}

TEST_CASE("max_pool3d and upsample_trilinear refuse sides that differ by another factor than 1 or 2") {
  Device device;
  const Context ctx{device};
  const Shape fine{1, 4, 6, 8, 2};
  Tensor x = filled(ctx, fine, 1), dx(ctx, fine, DType::f64);
  for (const Shape& coarse : {fine, Shape{1, 2, 2, 4, 2}, Shape{1, 1, 6, 8, 2}, Shape{1, 4, 6, 5, 2},
                              Shape{1, 8, 3, 4, 2}, Shape{1, 2, 3, 4, 3}, Shape{2, 2, 3, 4, 2}}) {
    INFO(coarse.to_string());
    Tensor y = filled(ctx, coarse, 1);
    CHECK_THROWS_AS(max_pool3d_forward(ctx, x, y), Error);
    CHECK_THROWS_AS(max_pool3d_backward(ctx, x, y, dx, false), Error);
    CHECK_THROWS_AS(upsample_trilinear_forward(ctx, y, x, Write::overwrite), Error);
    CHECK_THROWS_AS(upsample_trilinear_backward(ctx, x, y, false), Error);
  }
}

TEST_CASE("sigmoid keeps its relative precision to the ends, and is finite beyond them") {
  Device device;
  const Context ctx{device};
  const std::vector<double> z = {-1000, -700, -80, -1, 0, 1, 80, 1000, -kInfinity, kInfinity};
  const auto y = to_host_f64(sigmoid(ctx, Variable(from_host(ctx, {10}, DType::f64, z))).value);
  const std::vector<double> expected = {
      0, std::exp(-700.0), std::exp(-80.0), 1 / (1 + std::exp(1.0)), 0.5, 1 / (1 + std::exp(-1.0)), 1, 1, 0, 1};
  for (size_t i = 0; i < z.size(); ++i) CHECK(y[i] == Approx(expected[i]).epsilon(4e-16).margin(0));

  const auto f32 = to_host_f64(sigmoid(ctx, Variable(from_host(ctx, {10}, DType::f32, z))).value);
  CHECK(f32[0] == 0.0);
  CHECK(f32[2] == Approx(std::exp(-80.0)).epsilon(3e-7).margin(0));
  CHECK(f32[7] == 1.0);
  CHECK(std::isnan(to_host_f64(sigmoid(ctx, Variable(filled(ctx, {1}, kNaN))).value)[0]));
}

TEST_CASE("sigmoid_dice of closed forms") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  constexpr double kVoxels = 2 * 3 * 4 * 5;
  const Shape shape{2, 3, 4, 5, 4};
  // Region 0 is undecided and all present, 1 is undecided and absent, 2 is certain and right, 3 is certain and wrong.
  const std::vector<double> z_of = {0, 0, 1000, 1000}, t_of = {1, 0, 1, 0};
  std::vector<double> z, t;
  for (int i = 0; i < kVoxels; ++i) {
    z.insert(z.end(), z_of.begin(), z_of.end());
    t.insert(t.end(), t_of.begin(), t_of.end());
  }
  Variable logits = tape.track(from_host(ctx, shape, DType::f64, z));
  const Variable dz_of({}, logits.slot);
  const double* memory = logits.value.data<double>();
  const auto [labels, table] = test::coded_target(ctx, shape, t);
  Variable losses = sigmoid_dice(ctx, std::move(logits), labels, table);
  const auto loss = to_host_f64(losses.value);
  CHECK(loss[0] == Approx(1 - (kVoxels + 1) / (1.5 * kVoxels + 1)).epsilon(1e-14));
  CHECK(loss[1] == Approx(1 - 1 / (0.5 * kVoxels + 1)).epsilon(1e-14));
  CHECK(std::abs(loss[2]) <= 1e-15);
  CHECK(loss[3] == Approx(1 - 1 / (kVoxels + 1)).epsilon(1e-14));

  std::vector<Tape::Seed> seeds;
  seeds.push_back({losses.slot, filled(ctx, {4}, 1.0)});
  tape.backward(ctx, std::move(seeds));
  CHECK(tape.gradient(dz_of).data<double>() == memory);  // the logits' own memory
  const auto dz = to_host_f64(tape.gradient(dz_of));
  const double a0 = kVoxels + 1, b0 = 1.5 * kVoxels + 1, b1 = 0.5 * kVoxels + 1;
  for (size_t i = 0; i < dz.size(); i += 4) {
    CHECK(dz[i] == Approx((a0 / (b0 * b0) - 2 / b0) / 4).epsilon(1e-14));
    CHECK(dz[i + 1] == Approx(1 / (b1 * b1) / 4).epsilon(1e-14));
    CHECK(dz[i + 2] == 0.0);  // saturated
    CHECK(dz[i + 3] == 0.0);
  }
}

TEST_CASE("sigmoid_dice leaves logits that others hold, and refuses labels and tables that do not fit") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Variable logits = tape.track(random_tensor(ctx, {1, 2, 2, 3, 3}, DType::f32, 0));
  const auto before = to_host_f64(logits.value);
  const Tensor labels = zeros(ctx, {{1, 2, 2, 3, 1}, DType::u8});
  const LabelTable table{.count = 3};
  const Variable losses = sigmoid_dice(ctx, logits, labels, table);
  std::vector<Tape::Seed> seeds;
  seeds.push_back({losses.slot, filled(ctx, {3}, 1.0, DType::f32)});
  tape.backward(ctx, std::move(seeds));
  CHECK(to_host_f64(logits.value) == before);

  const auto of = [&](const Tensor& other, const LabelTable& t) {
    return sigmoid_dice(ctx.without_tape(), logits, other, t);
  };
  CHECK_THROWS_WITH(of(zeros(ctx, {{1, 2, 2, 2, 1}, DType::u8}), table),
                    "[sigmoid_dice] expected labels u8 (1, 2, 2, 3, 1) for logits f32 (1, 2, 2, 3, 3), got u8 "
                    "(1, 2, 2, 2, 1)");
  CHECK_THROWS_AS(of(filled(ctx, {1, 2, 2, 3, 1}, 1, DType::f32), table), Error);
  CHECK_THROWS_WITH(of(labels, {.count = 4}),
                    Catch::Matchers::ContainsSubstring("expected a label table of 3 regions or classes") &&
                        Catch::Matchers::ContainsSubstring("got 4"));
  CHECK_THROWS_WITH(of(labels, {}), Catch::Matchers::ContainsSubstring("expected 1 to 32 regions or classes, got 0"));
  LabelTable beyond = table;
  beyond.of_label[200] = 8;
  CHECK_THROWS_WITH(of(labels, beyond),
                    Catch::Matchers::ContainsSubstring("expected label 200 in the first 3 regions") &&
                        Catch::Matchers::ContainsSubstring("got the mask 0x8"));
}

TEST_CASE("add takes the memory of an operand that nobody shares") {
  Device device;
  const Context ctx{device};
  const Tensor a = filled(ctx, {2, 3}, 1), b = filled(ctx, {2, 3}, 2);
  const std::vector<double> sum(6, 3.0);
  const auto check = [&](Variable x, Variable y, const double* memory) {
    const Variable z = add(ctx, std::move(x), std::move(y));
    if (memory) CHECK(z.value.data<double>() == memory);
    CHECK(to_host_f64(z.value) == sum);
    CHECK(to_host_f64(a) == std::vector<double>(6, 1.0));
    CHECK(to_host_f64(b) == std::vector<double>(6, 2.0));
  };
  Tensor own = clone(ctx, a);
  const double* memory = own.data<double>();
  check(Variable(std::move(own)), Variable(b), memory);
  own = clone(ctx, b);
  memory = own.data<double>();
  check(Variable(a), Variable(std::move(own)), memory);
  check(Variable(a), Variable(b), nullptr);
  CHECK_THROWS_WITH(add(ctx, Variable(a), Variable(filled(ctx, {3, 2}, 1))),
                    Catch::Matchers::ContainsSubstring("(2, 3)"));
}

TEST_CASE("what is made of constants is a constant, and records nothing") {
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x(filled(ctx, {1, 2, 2, 2, 3}, 1)), y(filled(ctx, {1, 4, 4, 4, 3}, 1));
  for (const Variable& out : {add(ctx, x, x), max_pool3d(ctx, x), sigmoid(ctx, x), upsample_trilinear(ctx, x),
                              upsample_trilinear_add(ctx, x, y),
                              sigmoid_dice(ctx, x, zeros(ctx, {{1, 2, 2, 2, 1}, DType::u8}), {.count = 3})}) {
    CHECK_FALSE(out.needs_gradient());
  }
  CHECK(tape.nodes() == 0);
}
