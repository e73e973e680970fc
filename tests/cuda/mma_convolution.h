// Runs our own convolutions on tensor cores (kernels/conv3d/cuda/conv3d_mma.h), and compares them with the CPU in f64
// on the same values. bf16 holds all of these, and so does TF32, so that only sums and results are rounded.
#pragma once

#include "kernels/conv3d/conv3d.h"
#include "kernels/conv3d/cuda/conv3d_mma.h"
#include "kernels/conv3d/cuda/conv3d_pack.h"
#include "tests/kernels/op_case_run.h"
#include "tests/kernels/padding.h"

namespace revunet::test {

struct MmaCase {
  Shape x;  // (N, D, H, W, I)
  int64_t O;
  cuda::Direction direction;
  DType operands, result;
  Write mode = Write::overwrite;
  int64_t ranges = 3;  // at most, for backward_weight

  Shape y() const {
    const auto [N, D, H, W, I] = activation(x);
    return {N, D, H, W, O};
  }
  Shape weight() const { return {O, 3, 3, 3, activation(x).C}; }
  // Returns the result's shape.
  const Shape result_shape() const {
    return direction == cuda::Direction::forward ? y() : direction == cuda::Direction::backward_data ? x : weight();
  }
};

// MmaOperands holds the tensors of a case on a device, with the values that it starts from.
struct MmaOperands {
  // `operands` and `result` are the types on this device. Weights are those of a parameter.
  MmaOperands(const Context& ctx, const MmaCase& c, DType operands, DType result, DType parameters)
      : x(make(ctx, c, c.x, operands, result, cuda::Direction::backward_data, 1)),
        y(make(ctx, c, c.y(), operands, result, cuda::Direction::forward, 2)),
        weight(from_host(ctx.with_tag(Tag::parameter), c.weight(), parameters,
                         rounded(normal_values(c.weight().elements(), 3)))) {}

  Tensor x, y, weight;

 private:
  static Tensor make(const Context& ctx, const MmaCase& c, const Shape& shape, DType operands, DType result,
                     cuda::Direction written_in, uint64_t sequence) {
    return from_host(ctx, {shape, c.direction == written_in ? result : operands, Layout::activation},
                     rounded(normal_values(shape.elements(), sequence)));
  }
};

inline std::vector<double> exact_convolution(const MmaCase& c) {
  Device cpu;
  const Context ctx{cpu};
  MmaOperands o(ctx, c, DType::f64, DType::f64, DType::f64);
  if (c.direction == cuda::Direction::forward) {
    conv3d_forward(ctx, {&o.x, 1}, o.weight, nullptr, {&o.y, 1}, c.mode);
    return to_host_f64(o.y);
  }
  if (c.direction == cuda::Direction::backward_data) {
    conv3d_backward_data(ctx, {&o.y, 1}, o.weight, {&o.x, 1}, c.mode);
    return to_host_f64(o.x);
  }
  Tensor dweight = zeros(ctx, c.weight(), DType::f64);
  conv3d_backward_weight(ctx, {&o.x, 1}, {&o.y, 1}, dweight);
  return to_host_f64(dweight);
}

inline std::vector<double> mma_convolution(Device& device, const MmaCase& c) {
  const Context ctx{device};
  MmaOperands o(ctx, c, c.operands, c.result, DType::f32);
  const auto [N, D, H, W, I] = activation(c.x);
  const cuda::ConvolutionProblem problem{.direction = c.direction,
                                         .operands = c.operands,
                                         .result = c.result,
                                         .N = N,
                                         .D = D,
                                         .H = H,
                                         .W = W,
                                         .I = o.x.channel_stride(),
                                         .O = o.y.channel_stride(),
                                         .k = 3,
                                         .alpha = c.mode == Write::subtract ? -1 : 1,
                                         .beta = c.mode == Write::overwrite ? 0 : 1};
  const WeightBlock all{0, c.O, 0, I};
  Tensor packed(ctx.for_workspace(), {problem.O, 3, 3, 3, problem.I}, c.operands);
  cuda::pack_weights(ctx, o.weight, all, packed);
  const cuda::ConvolutionBuffers buffers{o.x.address(), packed.address(), o.y.address()};
  if (c.direction == cuda::Direction::backward_weight) {
    const size_t workspace = cuda::mma_weight_workspace(problem, 2 * c.ranges + 1) / 2;
    ctx.device.memory().fill(packed.address(), 0xff, packed.stored_bytes());  // NaNs: all of it must be written
    cuda::mma_backward_weight(ctx, problem, buffers, cuda::mma_weight_ranges(problem, workspace));
    Tensor dweight = zeros(ctx, c.weight(), DType::f32);
    cuda::add_packed_weights(ctx, packed, all, dweight);
    return to_host_f64(dweight);
  }
  cuda::mma_convolve(ctx, problem, buffers);
  const Tensor& result = c.direction == cuda::Direction::forward ? o.y : o.x;
  check_padding(result, ctx);
  return to_host_f64(result);
}

// The largest difference in sums of f32 is that of conv3d's own cases: sums of at most 27 x 32 products, or of one
// product per voxel. A result of bf16 is rounded once more, by at most 2^-8 of it.
inline void check_mma_convolution(const MmaCase& c, const std::vector<double>& got) {
  const std::vector<double> exact = exact_convolution(c);
  REQUIRE(got.size() == exact.size());
  const double of_sums = 3e-6 * largest(exact), of_rounding = c.result == DType::bf16 ? 1.0 / (1 << 8) : 0;
  bool close = true;
  for (size_t i = 0; i < got.size(); ++i) {
    close = close && std::abs(got[i] - exact[i]) <= of_sums + of_rounding * (std::abs(exact[i]) + of_sums);
  }
  INFO("x " << c.x.to_string() << ", " << c.O << " output channels, direction " << static_cast<int>(c.direction) << ", "
            << name_of(c.operands) << " to " << name_of(c.result) << ", write mode " << static_cast<int>(c.mode));
  CHECK(close);
}

// Calls f(case) for every direction, type and mode of a convolution.
template <class F>
void for_each_mma_case(const Shape& x, int64_t O, F f) {
  using cuda::Direction;
  for (const auto& [operands, result] :
       {std::pair{DType::f32, DType::f32}, {DType::bf16, DType::bf16}, {DType::bf16, DType::f32}}) {
    for (const Write mode : {Write::overwrite, Write::add, Write::subtract}) {
      for (const Direction direction : {Direction::forward, Direction::backward_data}) {
        f(MmaCase{x, O, direction, operands, result, mode});
      }
    }
    if (operands == result) f(MmaCase{x, O, Direction::backward_weight, operands, result});
  }
}

}  // namespace revunet::test
