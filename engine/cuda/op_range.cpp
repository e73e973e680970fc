#include "engine/cuda/op_range.h"

#include <nvtx3/nvToolsExt.h>

#include "engine/cuda/op_timer.h"

namespace revunet::cuda {

OpRange::OpRange(const Context& ctx, const char* op) : ctx_(ctx), timed_(ctx.device.state<OpTimer>().on()) {
  if (timed_) ctx.device.state<OpTimer>().begin(ctx, op);
  nvtxRangePushA(op);
}

OpRange::~OpRange() {
  nvtxRangePop();
  if (timed_) ctx_.device.state<OpTimer>().end(ctx_);
}

}  // namespace revunet::cuda
