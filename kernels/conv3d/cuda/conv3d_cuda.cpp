// A CUDA device computes a convolution for each pair of an input and an output part. It packs the weights as the
// libraries need them, then runs one convolution whose residual (add, subtract) is in its alpha and beta.
#include <algorithm>

#include "kernels/conv3d/conv3d.h"
#include "kernels/conv3d/cpu/weight_blocks.h"
#include "kernels/conv3d/cuda/conv3d_algorithms.h"
#include "kernels/conv3d/cuda/conv3d_bias.h"
#include "kernels/conv3d/cuda/conv3d_cublas.h"
#include "kernels/conv3d/cuda/conv3d_pack.h"
#include "kernels/cuda/whole_packs.h"

namespace revunet::cuda {

namespace {

ConvolutionProblem problem_of(Direction direction, const Tensor& x, const Tensor& y, int64_t k) {
  const auto [N, D, H, W, C] = activation(x.shape());
  REVUNET_EXPECTS(x.dtype() != DType::f64, UsageError, "[conv3d] expected f32 or bf16 activations on CUDA, got f64");
  expect_whole_packs(x);
  expect_whole_packs(y);
  const DType operands = direction == Direction::backward_data ? y.dtype() : x.dtype();
  const DType result = direction == Direction::forward         ? y.dtype()
                       : direction == Direction::backward_data ? x.dtype()
                                                               : operands;
  return {direction, operands, result, N, D, H, W, x.channel_stride(), y.channel_stride(), k};
}

Tensor packed_weights(const Context& ctx, const ConvolutionProblem& p) {
  return {ctx.for_workspace(), {p.O, p.k, p.k, p.k, p.I}, p.operands};
}

// `packed` is the size in bytes of the packed weights, which lie in the device's workspace too.
void run(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers, size_t packed) {
  const size_t workspace = ctx.device.layout().convolution_workspace;
  const AlgorithmLimits limits{workspace - std::min(workspace, packed), ctx.device.arithmetic()};
  if (problem.k == 1) {
    ctx.device.state<MatrixProducts>().run(ctx, problem, buffers, limits);
  } else {
    ctx.device.state<ConvolutionAlgorithms>().run(ctx, problem, buffers, limits);
  }
}

// Where `normed` is given, x is its memory.
void convolve(const Context& ctx, Direction direction, const Tensor& x, const Tensor& weight, const WeightBlock& block,
              const Tensor& y, Write mode, NormedActivation* normed = nullptr) {
  ConvolutionProblem problem = problem_of(direction, x, y, weight.shape()[1]);
  problem.alpha = mode == Write::subtract ? -1 : 1;
  problem.beta = mode == Write::overwrite ? 0 : 1;
  if (normed) problem.normed_from = normed->x().dtype();
  Tensor packed = packed_weights(ctx, problem);
  pack_weights(ctx, weight, block, packed);
  run(ctx, problem, {x.address(), packed.address(), y.address(), normed}, packed.stored_bytes());
}

void backward_weight(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dweight, const WeightBlock& block,
                     NormedActivation* normed = nullptr) {
  ConvolutionProblem problem = problem_of(Direction::backward_weight, x, dy, dweight.shape()[1]);
  if (normed) problem.normed_from = normed->x().dtype();
  const Tensor packed = packed_weights(ctx, problem);
  run(ctx, problem, {x.address(), packed.address(), dy.address(), normed}, packed.stored_bytes());
  add_packed_weights(ctx, packed, block, dweight);
}

// Returns whether a convolution may apply the norm itself: products do not, and in some shapes of mixed precision the
// values have more padding than what is normalised.
bool may_normalise(const NormedActivation& x, const Tensor& weight) {
  return weight.shape()[1] == 3 && x.x().channel_stride() == x.memory().channel_stride();
}

}  // namespace

void conv3d_forward(const Context& ctx, std::span<const Tensor> x, const Tensor& weight, const Tensor* bias,
                    std::span<Tensor> y, Write mode) {
  for_each_block(x, y, [&](const WeightBlock& block, size_t i, size_t j) {
    if (bias && i == 0) fill_with_bias(ctx, *bias, block.o0, y[j]);
    convolve(ctx, Direction::forward, x[i], weight, block, y[j], bias ? Write::add : after_first(mode, i == 0));
  });
}

void conv3d_backward_data(const Context& ctx, std::span<const Tensor> dy, const Tensor& weight, std::span<Tensor> dx,
                          Write mode) {
  const int64_t I = weight.shape()[4] / static_cast<int64_t>(dx.size());  // parts are equal
  for (size_t i = 0; i < dx.size(); ++i) {
    int64_t o0 = 0;
    for (size_t j = 0; dx[i] && j < dy.size(); ++j) {
      const int64_t O = activation(dy[j].shape()).C;
      convolve(ctx, Direction::backward_data, dx[i], weight, {o0, O, static_cast<int64_t>(i) * I, I}, dy[j],
               after_first(mode, j == 0));
      o0 += O;
    }
  }
}

void conv3d_backward_weight(const Context& ctx, std::span<const Tensor> x, std::span<const Tensor> dy,
                            Tensor& dweight) {
  for_each_block(
      x, dy, [&](const WeightBlock& block, size_t i, size_t j) { backward_weight(ctx, x[i], dy[j], dweight, block); });
}

void normed_conv3d_forward(const Context& ctx, NormedActivation& x, const Tensor& weight, Tensor& y, Write mode) {
  if (!may_normalise(x, weight)) return cuda::conv3d_forward(ctx, {&x.values(ctx), 1}, weight, nullptr, {&y, 1}, mode);
  convolve(ctx, Direction::forward, x.memory(), weight, whole(weight), y, mode, &x);
}

void normed_conv3d_backward_weight(const Context& ctx, NormedActivation& x, const Tensor& dy, Tensor& dweight) {
  if (!may_normalise(x, dweight)) return cuda::conv3d_backward_weight(ctx, {&x.values(ctx), 1}, {&dy, 1}, dweight);
  backward_weight(ctx, x.memory(), dy, dweight, whole(dweight), &x);
}

void conv3d_backward_bias(const Context& ctx, std::span<const Tensor> dy, Tensor& dbias) {
  int64_t o0 = 0;
  for (const Tensor& part : dy) {
    add_bias_gradient(ctx, part, o0, dbias);
    o0 += activation(part.shape()).C;
  }
}

}  // namespace revunet::cuda
