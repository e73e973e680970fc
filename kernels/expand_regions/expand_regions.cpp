#include "kernels/expand_regions/expand_regions.h"

namespace revunet {

void expand_regions(const Context& ctx, const Tensor& labels, Tensor& regions) {
  const auto [N, D, H, W, C] = activation(regions.shape());
  const TensorSpec wanted{{N, D, H, W, 1}, DType::u8};
  REVUNET_EXPECTS(C == kRegions && labels.spec() == wanted, Error,
                  "[expand_regions] expected {} regions and labels {}, got regions {} and labels {}", kRegions,
                  wanted.to_string(), regions.spec().to_string(), labels.spec().to_string());
  const LayerScope scope(ctx, "expand_regions");
  return REVUNET_ON_DEVICE(expand_regions, ctx, labels, regions);
}

}  // namespace revunet
