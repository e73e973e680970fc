#include "engine/cuda/op_range.h"

#include <nvtx3/nvToolsExt.h>

#include <algorithm>
#include <functional>

#include "engine/cuda/check.h"

namespace revunet::cuda {

OpTimer::~OpTimer() {
  for (const Mark& mark : marks_) cudaEventDestroy(static_cast<cudaEvent_t>(mark.event));
}

void OpTimer::mark(const Context& ctx, const char* op) {
  cudaEvent_t event = nullptr;
  REVUNET_CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDefault));
  marks_.push_back({op, event});
  REVUNET_CUDA_CHECK(cudaEventRecord(event, static_cast<cudaStream_t>(ctx.device.memory().stream())));
}

std::vector<OpTimer::Time> OpTimer::stop() {
  on_ = false;
  std::vector<Time> times;
  for (size_t i = 0; i + 1 < marks_.size(); i += 2) {
    const auto begin = static_cast<cudaEvent_t>(marks_[i].event), end = static_cast<cudaEvent_t>(marks_[i + 1].event);
    REVUNET_CUDA_CHECK(cudaEventSynchronize(end));
    float milliseconds = 0;
    REVUNET_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin, end));
    auto time = std::ranges::find(times, marks_[i].op, &Time::op);
    if (time == times.end()) time = times.insert(times.end(), Time{marks_[i].op, 0, 0});
    ++time->calls;
    time->milliseconds += static_cast<double>(milliseconds);
  }
  for (const Mark& mark : marks_) cudaEventDestroy(static_cast<cudaEvent_t>(mark.event));
  marks_.clear();
  std::ranges::stable_sort(times, std::greater<>(), &Time::milliseconds);
  return times;
}

OpRange::OpRange(const Context& ctx, const char* op) : ctx_(ctx), timed_(nullptr) {
  OpTimer& timer = ctx.device.state<OpTimer>();
  if (timer.on()) {
    timer.mark(ctx, op);
    timed_ = op;
  }
  nvtxRangePushA(op);
}

OpRange::~OpRange() {
  nvtxRangePop();
  if (timed_) ctx_.device.state<OpTimer>().mark(ctx_, timed_);
}

}  // namespace revunet::cuda
