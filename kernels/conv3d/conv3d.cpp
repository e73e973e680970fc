#include "kernels/conv3d/conv3d.h"

namespace revunet {

namespace {

int64_t channels(std::span<const Tensor> parts) {
  int64_t sum = 0;
  for (const Tensor& part : parts) sum += activation(part.shape()).C;
  return sum;
}

void check(std::span<const Tensor> x, const Parameter& weight, const Parameter* bias, int out_parts) {
  REVUNET_EXPECTS(!x.empty(), Error, "[conv3d {}] expected an input", weight.name);
  const Shape& w = weight.value.shape();
  REVUNET_EXPECTS(w.rank() == 5 && (w[1] == 1 || w[1] == 3) && w[2] == w[1] && w[3] == w[1], Error,
                  "[conv3d {}] expected a weight (O, k, k, k, I) with k = 1 or 3, got {}", weight.name, w.to_string());
  REVUNET_EXPECTS(w[4] == channels(x), Error, "[conv3d {}] expected {} input channels for a weight {}, got {}",
                  weight.name, w[4], w.to_string(), channels(x));
  REVUNET_EXPECTS(w[0] % out_parts == 0, Error, "[conv3d {}] expected output channels divisible by {}, got {}",
                  weight.name, out_parts, w[0]);
  REVUNET_EXPECTS(!bias || bias->value.shape() == Shape{w[0]}, Error, "[conv3d {}] expected a bias ({}), got {}",
                  weight.name, w[0], bias ? bias->value.shape().to_string() : "");
  for (const Tensor& part : x) {
    REVUNET_EXPECTS(part.spec() == x[0].spec() && compute_type(part.dtype()) == weight.value.dtype(), Error,
                    "[conv3d {}] expected parts {} for a weight of {}, got {}", weight.name, x[0].spec().to_string(),
                    name_of(weight.value.dtype()), part.spec().to_string());
  }
}

}  // namespace

void conv3d_backward(const Context& ctx, std::vector<Tensor> x, std::span<const int> slots, Parameter& weight,
                     Parameter* bias, std::span<const Tensor> dy, Gradients& gradients) {
  conv3d_backward_weight(ctx, x, dy, gradient_of(ctx, weight));
  if (bias) conv3d_backward_bias(ctx, dy, gradient_of(ctx, *bias));
  const TensorSpec part_spec = x[0].spec();
  x.clear();
  gradients.deliver_parts(ctx, slots, part_spec, [&](std::span<Tensor> dx, bool accumulate) {
    conv3d_backward_data(ctx, dy, weight.value, dx, accumulate ? Write::add : Write::overwrite);
  });
}

std::vector<Variable> conv3d(const Context& ctx, std::vector<Variable> x, Parameter& weight, Parameter* bias,
                             int out_parts) {
  const LayerScope scope(ctx, "conv3d " + weight.name);
  std::vector<Tensor> values;
  std::vector<int> slots;
  for (Variable& part : x) {
    values.push_back(std::move(part.value));
    slots.push_back(part.slot);
  }
  check(values, weight, bias, out_parts);

  const auto [N, D, H, W, C] = activation(values[0].shape());
  const int64_t O = weight.value.shape()[0];
  const TensorSpec part_spec{{N, D, H, W, O / out_parts}, values[0].dtype(), Layout::activation};
  std::vector<Tensor> y;
  for (int i = 0; i < out_parts; ++i) y.emplace_back(ctx, part_spec);
  conv3d_forward(ctx, values, weight.value, bias ? &bias->value : nullptr, y, Write::overwrite);

  std::vector<Variable> out;
  for (Tensor& part : y) out.push_back(make_output(ctx, std::move(part)));
  if (!ctx.tape) return out;
  ctx.tape->record({.name = "conv3d " + weight.name,
                    .inputs = slots,
                    .outputs = out,
                    .parameters = {&weight, bias},
                    .backward = [values = std::move(values), slots, &weight, bias](
                                    const Context& inner, std::vector<Tensor> dy, Gradients& gradients) mutable {
                      conv3d_backward(inner, std::move(values), slots, weight, bias, dy, gradients);
                    }});
  return out;
}

void conv3d_forward(const Context& ctx, std::span<const Tensor> x, const Tensor& weight, const Tensor* bias,
                    std::span<Tensor> y, Write mode) {
  return REVUNET_ON_DEVICE(conv3d_forward, ctx, x, weight, bias, y, mode);
}
void conv3d_backward_data(const Context& ctx, std::span<const Tensor> dy, const Tensor& weight, std::span<Tensor> dx,
                          Write mode) {
  return REVUNET_ON_DEVICE(conv3d_backward_data, ctx, dy, weight, dx, mode);
}
void conv3d_backward_weight(const Context& ctx, std::span<const Tensor> x, std::span<const Tensor> dy,
                            Tensor& dweight) {
  return REVUNET_ON_DEVICE(conv3d_backward_weight, ctx, x, dy, dweight);
}
void conv3d_backward_bias(const Context& ctx, std::span<const Tensor> dy, Tensor& dbias) {
  return REVUNET_ON_DEVICE(conv3d_backward_bias, ctx, dy, dbias);
}
void normed_conv3d_forward(const Context& ctx, NormedActivation& x, const Tensor& weight, Tensor& y, Write mode) {
  return REVUNET_ON_DEVICE(normed_conv3d_forward, ctx, x, weight, y, mode);
}
void normed_conv3d_backward_weight(const Context& ctx, NormedActivation& x, const Tensor& dy, Tensor& dweight) {
  return REVUNET_ON_DEVICE(normed_conv3d_backward_weight, ctx, x, dy, dweight);
}

}  // namespace revunet
