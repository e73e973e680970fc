// Tests convolutions of a normalised activation on the CPU, and of products that f32 holds to its last bits.
#include "kernels/conv3d/conv3d.h"
#include "tests/kernels/op_case_run.h"
#include "tests/support/cpu_instructions.h"

using namespace revunet;
using namespace revunet::test;

namespace {

constexpr int64_t kGroups = 5;

struct Case {
  Shape shape;
  DType x, operands;
};

// Returns the convolution that is added to x, and the gradient of the weight. The norm is applied by the convolutions,
// or by group_norm_leaky_relu_forward before them.
HostTensors convolve_norm(const Case& c, bool before) {
  Device device;
  const Context ctx{device};
  const int64_t C = activation(c.shape).C;
  const auto activations = [&](DType dtype, uint64_t sequence) {
    std::vector<double> values = normal_values(c.shape.elements(), sequence);
    for (double& v : values) v += 1.5;  // so that the norm of zero is not zero
    return from_host(ctx, {c.shape, dtype, Layout::activation}, rounded(values));
  };
  const auto parameter = [&](const Shape& shape, uint64_t sequence) {
    return from_host(ctx, shape, DType::f32, normal_values(shape.elements(), sequence));
  };
  const Tensor x = activations(c.x, 1), dy = activations(c.operands, 2);
  const Tensor gamma = parameter({C}, 3), beta = parameter({C}, 4), weight = parameter({C, 3, 3, 3, C}, 5);
  NormedActivation a(ctx, x, {group_norm_statistics(ctx, x, kGroups), gamma, beta, kLeakyReluSlope}, c.operands);
  Tensor y = clone(ctx, x), dweight = zeros(ctx, weight.shape(), DType::f32);
  if (before) {
    const Tensor values = a.values(ctx);
    conv3d_forward(ctx, {&values, 1}, weight, nullptr, {&y, 1}, Write::add);
    conv3d_backward_weight(ctx, {&values, 1}, {&dy, 1}, dweight);
  } else {
    normed_conv3d_forward(ctx, a, weight, y, Write::add);
    normed_conv3d_backward_weight(ctx, a, dy, dweight);
  }
  return {to_host_f64(y), to_host_f64(dweight)};
}

// Returns the convolution of images of one voxel each, so that each result is one product.
std::vector<double> products(const std::vector<double>& x, double weight) {
  Device device;
  const Context ctx{device};
  const auto images = static_cast<int64_t>(x.size());
  const Tensor image = from_host(ctx, {{images, 1, 1, 1, 1}, DType::f32, Layout::activation}, x);
  std::vector<double> weights(27, 0.0);
  weights[13] = weight;
  const Tensor kernel = from_host(ctx, {1, 3, 3, 3, 1}, DType::f32, weights);
  Tensor y(ctx, image.spec());
  conv3d_forward(ctx, {&image, 1}, kernel, nullptr, {&y, 1}, Write::overwrite);
  return to_host_f64(y);
}

}  // namespace

TEST_CASE("a convolution that applies the norm has the bits of one whose input was normalised before") {
  for_each_cpu_instructions([] {
    for (const Shape& shape : {Shape{2, 4, 6, 5, 30}, Shape{1, 3, 5, 17, 60}, Shape{1, 2, 3, 4, 10}}) {
      for (const auto& [x, operands] : {std::pair{DType::f32, DType::f32}, std::pair{DType::bf16, DType::bf16},
                                        std::pair{DType::f32, DType::bf16}}) {
        INFO(shape.to_string() << ", " << name_of(x) << ", operands " << name_of(operands));
        CHECK(convolve_norm({shape, x, operands}, false) == convolve_norm({shape, x, operands}, true));
      }
    }
  });
}

// Of the bits of a product, bf16 alone would keep 8, and two bf16 for each f32 would keep 16.
TEST_CASE("a convolution in f32 has the last bits of its products") {
  std::vector<double> x = normal_values(4096, 1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(std::ldexp(x[i], static_cast<int>(i % 61) - 30));
  const double weight = static_cast<float>(normal_values(1, 2)[0]);
  for_each_cpu_instructions([&] {
    const std::vector<double> got = products(x, weight);
    double largest_error = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      largest_error = std::max(largest_error, std::abs(got[i] / (x[i] * weight) - 1));
    }
    // Six roundings of sums to f32, each of 2^-24 of the result at most, and products of 2^-25 that are left out.
    CHECK(largest_error <= 7 * std::ldexp(1.0, -24));
  });
}

// The range of AMX is that of kernels/conv3d/cpu/amx/vectors.h.
TEST_CASE("a convolution in f32 keeps the range of f32 but for its ends") {
  const std::vector<double> exact = {0x1.fefffep127, -0x1.fefffep127, 0x1.000002p-103, -0x1.000002p-103};
  const std::vector<double> small = {0x1.000002p-104, 0x1.000006p-110, 0x1.000002p-126};
  const std::vector<double> large = {0x1.ffp127, -0x1.ffp127, 0x1.fffffep127};
  const double infinity = std::numeric_limits<double>::infinity();
  for_each_cpu_instructions([&] {
    CHECK(products(exact, 1) == exact);
    const bool amx = cpu_instructions() == CpuInstructions::amx;
    const std::vector<double> got_small = products(small, 1), got_large = products(large, 1);
    for (size_t i = 0; i < small.size(); ++i) CHECK(std::abs(got_small[i] - small[i]) < (amx ? 0x1p-126 : 0x1p-149));
    for (size_t i = 0; i < large.size(); ++i) CHECK((amx ? std::isnan(got_large[i]) : got_large[i] == large[i]));
    for (const double y : products({infinity, -infinity}, 1)) CHECK((amx ? std::isnan(y) : std::isinf(y)));
  });
}
