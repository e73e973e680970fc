// Tests the ops without parameters, and Adam, against PyTorch: values and gradients stored in ops.safetensors, and in
// halved_axes.safetensors (make_halved_axes.py).
#include "kernels/adam/adam.h"
#include "kernels/leaky_relu/leaky_relu.h"
#include "kernels/max_pool3d/max_pool3d.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"
#include "tests/support/coded_target.h"
#include "tests/support/golden.h"

using namespace revunet;
using revunet::test::coded_target;
using revunet::test::Golden;
using revunet::test::kStoredRounding;

namespace {

// In f64 the engine's own rounding, below 1e-15, vanishes in that of the stored values.
constexpr double kF64 = kStoredRounding * (1 + 1e-6);

const Golden& ops() {
  static const Golden golden("ops.safetensors");
  return golden;
}

// Checks op(x) and its dx, for the stored x and dy of `name`.
template <class F>
void check_op(const Golden& golden, const std::string& name, DType dtype, double tolerance, F op) {
  INFO(name_of(dtype));
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  Variable x = tape.track(golden.activation(ctx, name + ".x", dtype));
  const Variable dx_of({}, x.slot);
  Variable y = op(ctx, std::move(x));
  golden.check_close(y.value, name + ".y", tolerance);

  std::vector<Tape::Seed> seeds;
  seeds.push_back({y.slot, golden.activation(ctx, name + ".dy", dtype)});
  tape.backward(ctx, std::move(seeds));
  golden.check_close(tape.gradient(dx_of), name + ".dx", tolerance);
}

template <class F>
void check_op(const std::string& name, DType dtype, double tolerance, F op) {
  check_op(ops(), name, dtype, tolerance, op);
}

// These are all choices of axes but that of all three, which ops.safetensors has.
const std::vector<std::pair<std::string, HalvedAxes>> kSomeAxes = {
    {"d", {true, false, false}}, {"h", {false, true, false}}, {"w", {false, false, true}},
    {"dh", {true, true, false}}, {"dw", {true, false, true}}, {"hw", {false, true, true}}};

}  // namespace

TEST_CASE("leaky_relu equals PyTorch's") {
  const auto op = [](const Context& ctx, Variable x) { return leaky_relu(ctx, std::move(x)); };
  check_op("leaky_relu", DType::f64, kF64, op);
  check_op("leaky_relu", DType::f32, kF64,
           op);  // the largest values are unchanged, and products are 100 times smaller
}

TEST_CASE("max_pool3d equals PyTorch's") {
  for (const DType dtype : {DType::f64, DType::f32}) {
    check_op("max_pool3d", dtype, 0, [](const Context& ctx, Variable x) { return max_pool3d(ctx, std::move(x)); });
  }
}

TEST_CASE("upsample_trilinear equals PyTorch's") {
  for (const std::string name : {"upsample_trilinear_x2", "upsample_trilinear_x2_one_voxel"}) {
    const auto op = [](const Context& ctx, Variable x) { return upsample_trilinear(ctx, std::move(x)); };
    check_op(name, DType::f64, kF64, op);
    check_op(name, DType::f32, 4e-7, op);  // about six roundings
  }
}

TEST_CASE("max_pool3d and upsample_trilinear along some axes equal PyTorch's") {
  const Golden golden("halved_axes.safetensors");
  for (const auto& [name, halved] : kSomeAxes) {
    const HalvedAxes& axes = halved;
    for (const DType dtype : {DType::f64, DType::f32}) {
      check_op(golden, "max_pool3d_" + name, dtype, 0,
               [&](const Context& ctx, Variable x) { return max_pool3d(ctx, std::move(x), axes); });
      check_op(golden, "upsample_trilinear_" + name, dtype, dtype == DType::f64 ? kF64 : 4e-7,
               [&](const Context& ctx, Variable x) { return upsample_trilinear(ctx, std::move(x), axes); });
    }
  }
}

TEST_CASE("sigmoid_dice equals PyTorch's") {
  for (const std::string name : {"sigmoid_dice", "sigmoid_dice_empty_region"}) {
    for (const DType dtype : {DType::f64, DType::f32}) {
      INFO(name << " " << name_of(dtype));
      Device device;
      Tape tape;
      const Context ctx{device, &tape};
      Variable z = tape.track(ops().activation(ctx, name + ".logits", dtype));
      const Variable dz_of({}, z.slot);
      const auto [labels, table] = coded_target(ctx, ops().shape(name + ".target"), ops().values(name + ".target"));
      Variable losses = sigmoid_dice(ctx, std::move(z), labels, table);
      // In f32, each probability is rounded once, sums are in double, and the loss is rounded once.
      ops().check_close(losses.value, name + ".region_losses_f64", dtype == DType::f64 ? 1e-14 : 1.2e-7);

      const std::vector<double> ones(3, 1.0);
      std::vector<Tape::Seed> seeds;
      seeds.push_back({losses.slot, from_host(ctx, {3}, dtype, ones)});
      tape.backward(ctx, std::move(seeds));
      ops().check_close(tape.gradient(dz_of), name + ".dlogits", dtype == DType::f64 ? kF64 : 5e-7);
    }
  }
}

TEST_CASE("five steps of Adam equal PyTorch's") {
  for (const DType dtype : {DType::f64, DType::f32}) {
    INFO(name_of(dtype));
    Device device;
    const Context ctx{device};
    Parameter p{.name = "p", .value = ops().tensor(ctx, "adam.p0", dtype), .gradient = {}};
    Parameter* const parameters[] = {&p};
    Adam adam({.learning_rate = 1e-2, .weight_decay = 1e-5});
    for (int step = 1; step <= 5; ++step) {
      INFO("step " << step);
      p.gradient = ops().tensor(ctx, fmt::format("adam.grad{}", step), dtype);
      adam.step(ctx, parameters);
      // In f32, each step rounds the parameter once, by 6e-8 of it, and rounds a move that is 100 times smaller.
      ops().check_close(p.value, fmt::format("adam.p{}_f64", step), dtype == DType::f64 ? 1e-15 : 7e-8 * step);
    }
  }
}
