// Tests convolution, GroupNorm and a reversible block against PyTorch.

#include "kernels/conv3d/conv3d.h"
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"
#include "tests/support/catch.h"
#include "tests/support/golden.h"

using namespace revunet;
using revunet::test::Golden;

namespace {

// The tolerance is a share of the largest value. In f64, the file is rounded to f32. In f32, sums have up to 810
// products.
double tolerance(DType dtype) {
  return dtype == DType::f64 ? 2e-7 : 3e-6;
}

Parameter parameter(const Golden& golden, const Context& ctx, const std::string& name, DType dtype) {
  return {.name = name, .value = golden.tensor(ctx, name, dtype), .gradient = {}};
}

}  // namespace

TEST_CASE("conv3d is PyTorch's, forward and backward") {
  const Golden golden("ops.safetensors");
  const std::string name = GENERATE("conv3d_k3", "conv3d_k3_c30", "conv3d_k3_in4", "conv3d_k1_bias");
  const DType dtype = GENERATE(DType::f64, DType::f32);
  INFO(name << ", " << name_of(dtype));
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(golden.activation(ctx, name + ".x", dtype));
  Parameter w = parameter(golden, ctx, name + ".w", dtype), b;
  const bool bias = golden.contains(name + ".b");
  if (bias) b = parameter(golden, ctx, name + ".b", dtype);

  const Variable y = conv3d(ctx, {x}, w, bias ? &b : nullptr)[0];
  golden.check_close(y.value, name + ".y", tolerance(dtype));
  tape.backward(ctx, y, golden.activation(ctx, name + ".dy", dtype));
  golden.check_close(tape.gradient(x), name + ".dx", tolerance(dtype));
  golden.check_close(w.gradient, name + ".dw", tolerance(dtype));
  if (bias) golden.check_close(b.gradient, name + ".db", tolerance(dtype));
}

TEST_CASE("group_norm and group_norm_leaky_relu are PyTorch's, forward and backward") {
  const Golden golden("ops.safetensors");
  struct Case {
    std::string name;
    int64_t groups;
    double slope;
  };
  const Case c =
      GENERATE(Case{"group_norm_g4", 4, kNoLeakyRelu}, Case{"group_norm_g30", 30, kNoLeakyRelu},
               Case{"group_norm_g30_c180", 30, kNoLeakyRelu}, Case{"group_norm_leaky_relu", 30, kLeakyReluSlope});
  const DType dtype = GENERATE(DType::f64, DType::f32);
  INFO(c.name << ", " << name_of(dtype));
  Device device;
  Tape tape;
  const Context ctx{device, &tape};
  const Variable x = tape.track(golden.activation(ctx, c.name + ".x", dtype));
  Parameter w = parameter(golden, ctx, c.name + ".w", dtype), b = parameter(golden, ctx, c.name + ".b", dtype);
  const Variable y = group_norm_leaky_relu(ctx, x, {w, b, c.groups}, c.slope);
  golden.check_close(y.value, c.name + ".y", tolerance(dtype));
  tape.backward(ctx, y, golden.activation(ctx, c.name + ".dy", dtype));
  golden.check_close(tape.gradient(x), c.name + ".dx", tolerance(dtype));
  golden.check_close(w.gradient, c.name + ".dw", tolerance(dtype));
  golden.check_close(b.gradient, c.name + ".db", tolerance(dtype));
}

TEST_CASE("GroupNorm keeps its precision where the variance is much smaller than the mean") {
  // x = 1000 + {-1, 1} / 1024 has mean 1000 and deviation 1/1024 exactly. E[x^2] - mean^2 does not resolve such a
  // deviation in f32.
  Device device;
  const Context c{device};
  std::vector<float> values;
  for (int i = 0; i < 4096; ++i) values.push_back(1000.0f + (i % 2 ? 1.0f : -1.0f) / 1024);
  const Tensor x = from_host(c, {1, 16, 16, 16, 1}, DType::f32, std::span<const float>(values));
  const auto statistics = to_host_f64(group_norm_statistics(c, x, 1));
  const double variance = 1.0 / (1024.0 * 1024.0);
  CHECK(statistics[0] == 1000.0);
  CHECK(statistics[1] == Approx(1 / std::sqrt(variance + kGroupNormEpsilon)).epsilon(1e-7));
}
