#include "kernels/moving_average/moving_average.h"

namespace revunet {

void moving_average(const Context& ctx, const Tensor& x, double share, Tensor& average) {
  REVUNET_EXPECTS(share >= 0 && share <= 1, UsageError, "[moving_average] expected a share from 0 to 1, got {}", share);
  REVUNET_EXPECTS(x.shape() == average.shape() && x.dtype() == average.dtype(), Error,
                  "[moving_average] expected an average like the values, {} {}, got {} {}", name_of(x.dtype()),
                  x.shape().to_string(), name_of(average.dtype()), average.shape().to_string());
  return REVUNET_ON_DEVICE(moving_average, ctx, x, share, average);
}

}  // namespace revunet
