#include "kernels/clip_gradients/clip_gradients.h"

#include <cmath>
#include <vector>

namespace revunet {

namespace {

constexpr double kEpsilon = 1e-6;  // PyTorch's value, which avoids a division by 0

}  // namespace

double clip_gradients(const Context& ctx, std::span<Parameter* const> parameters, double limit) {
  REVUNET_EXPECTS(std::isfinite(limit) && limit > 0, UsageError, "[clip_gradients] expected a norm above 0, got {}",
                  limit);
  const LayerScope scope(ctx, "clip_gradients");
  Tensor sums = zeros(ctx.for_workspace(), {static_cast<int64_t>(parameters.size()), kSumParts}, DType::f64);
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i]->gradient) sum_of_squares(ctx, parameters[i]->gradient, sums, static_cast<int64_t>(i));
  }
  if (!ctx.device.computes()) return 0;
  double sum = 0;
  for (const double part : to_host_f64(sums)) sum += part;
  const double norm = std::sqrt(sum), factor = limit / (norm + kEpsilon);
  if (!(factor < 1)) return norm;
  for (Parameter* p : parameters) {
    if (p->gradient) scale(ctx, p->gradient, factor);
  }
  return norm;
}

void sum_of_squares(const Context& ctx, const Tensor& x, Tensor& sums, int64_t row) {
  return REVUNET_ON_DEVICE(sum_of_squares, ctx, x, sums, row);
}
void scale(const Context& ctx, Tensor& x, double factor) {
  return REVUNET_ON_DEVICE(scale, ctx, x, factor);
}

}  // namespace revunet
