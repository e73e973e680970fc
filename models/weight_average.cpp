#include "models/weight_average.h"

#include <algorithm>

#include "kernels/moving_average/moving_average.h"

namespace revunet {

WeightAverage::WeightAverage(const Context& ctx, UNet& model, double decay) : model_(model), decay_(decay) {
  REVUNET_EXPECTS(decay > 0 && decay < 1, UsageError, "[`ema`] expected a decay between 0 and 1, got {}", decay);
  const LayerScope scope(ctx, "weight average");
  for (const auto& p : model.parameters()) tensors_.push_back(clone(ctx.with_tag(Tag::optimiser), p->value));
}

void WeightAverage::update(const Context& ctx, int64_t t) {
  const auto step = static_cast<double>(t);
  const double decay = std::min(decay_, (1 + step) / (10 + step));
  for (size_t i = 0; i < tensors_.size(); ++i) {
    moving_average(ctx, model_.parameters()[i]->value, 1 - decay, tensors_[i]);
  }
}

void WeightAverage::swap() {
  for (size_t i = 0; i < tensors_.size(); ++i) std::swap(tensors_[i], model_.parameters()[i]->value);
}

}  // namespace revunet
