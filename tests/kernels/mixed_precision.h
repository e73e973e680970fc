// Tests what mixed precision adds to the kernels, on any device: bf16 operands of f32 tensors. They are compared with
// the CPU in f64 on the same values, all of which bf16 holds, so that only the sums and the result are rounded.
#pragma once

#include "kernels/conv3d/conv3d.h"
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"
#include "tests/kernels/op_case_run.h"

namespace revunet::test {

inline std::vector<double> bf16_values(const Shape& shape, uint64_t random_sequence) {
  return rounded(normal_values(shape.elements(), random_sequence));
}

inline void check_close(const Tensor& got, const Tensor& exact, double tolerance) {
  const std::vector<double> expected = to_host_f64(exact);
  CHECK(largest_difference(to_host_f64(got), expected) <= tolerance * largest(expected));
}

// f32 results of bf16 operands are not rounded to bf16, and neither is the tensor that they are added to.
inline void check_mixed_convolution(Device& device, const Shape& x_shape, int64_t out_channels, int64_t k, Write mode) {
  Device cpu;
  const auto [N, D, H, W, C] = activation(x_shape);
  const Shape y_shape{N, D, H, W, out_channels}, weight_shape{out_channels, k, k, k, C};
  const auto run = [&](Device& on, DType operands, DType result, DType parameters) {
    const Context ctx{on};
    const Tensor x = from_host(ctx, {x_shape, operands, Layout::activation}, bf16_values(x_shape, 1));
    const Tensor weight =
        from_host(ctx.with_tag(Tag::parameter), weight_shape, parameters, bf16_values(weight_shape, 2));
    Tensor y = from_host(ctx, {y_shape, result, Layout::activation}, normal_values(y_shape.elements(), 3));
    conv3d_forward(ctx, {&x, 1}, weight, nullptr, {&y, 1}, mode);
    return y;
  };
  const Tensor exact = run(cpu, DType::f64, DType::f64, DType::f64);
  INFO("x " << x_shape.to_string() << ", weight " << weight_shape.to_string() << ", write mode "
            << static_cast<int>(mode));
  // The tolerance is that of conv3d's own cases in f32: sums of 27 x 30 products, and the rounding of y.
  check_close(run(device, DType::bf16, DType::f32, DType::f32), exact, 3e-6);
}

inline void check_mixed_convolutions(Device& device) {
  for (const Write mode : {Write::overwrite, Write::add, Write::subtract}) {
    check_mixed_convolution(device, {1, 4, 6, 5, 30}, 30, 3, mode);
    check_mixed_convolution(device, {2, 3, 5, 4, 60}, 17, 3, mode);
    check_mixed_convolution(device, {1, 3, 4, 2, 12}, 20, 1, mode);
  }
}

// y and dy are in bf16, x and dx in f32.
inline void check_mixed_norm(Device& device, const Shape& shape, int64_t groups) {
  Device cpu;
  const int64_t C = activation(shape).C;
  struct NormResult {
    Tensor y, dx, dgamma, dbeta;
  };
  const auto run = [&](Device& on, DType dtype, DType operands) {
    const Context ctx{on};
    const Tensor x = from_host(ctx, {shape, dtype, Layout::activation}, bf16_values(shape, 1));
    const Tensor gamma = from_host(ctx, {C}, dtype, bf16_values({C}, 2));
    const Tensor beta = from_host(ctx, {C}, dtype, bf16_values({C}, 3));
    const Tensor dy = from_host(ctx, {shape, operands, Layout::activation}, bf16_values(shape, 4));
    const Tensor statistics = group_norm_statistics(ctx, x, groups);
    NormResult r{Tensor(ctx, {shape, operands, Layout::activation}),
                 from_host(ctx, {shape, dtype, Layout::activation}, bf16_values(shape, 5)), zeros(ctx, {C}, dtype),
                 zeros(ctx, {C}, dtype)};
    group_norm_leaky_relu_forward(ctx, x, statistics, gamma, beta, kLeakyReluSlope, r.y);
    group_norm_leaky_relu_backward(ctx, x, statistics, gamma, beta, kLeakyReluSlope, dy, r.dx, true, r.dgamma, r.dbeta);
    return r;
  };
  const NormResult got = run(device, DType::f32, DType::bf16), exact = run(cpu, DType::f64, DType::f64);
  check_close(got.y, exact.y, 1.0 / 256);  // one rounding to bf16
  // The rest is f32, as in the op's own cases.
  check_close(got.dx, exact.dx, 2e-6);
  check_close(got.dgamma, exact.dgamma, 2e-6);
  check_close(got.dbeta, exact.dbeta, 2e-6);
}

inline void check_mixed_norms(Device& device) {
  check_mixed_norm(device, {1, 4, 6, 5, 30}, 30);
  check_mixed_norm(device, {2, 3, 5, 4, 60}, 30);  // padded to 60 channels in f32, to 64 in bf16
  check_mixed_norm(device, {1, 3, 2, 5, 180}, 30);
  check_mixed_norm(device, {1, 13, 31, 33, 6}, 3);
}

}  // namespace revunet::test
