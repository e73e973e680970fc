#include "engine/cuda/op_timer.h"

#include <algorithm>
#include <functional>

namespace revunet::cuda {

void OpTimer::begin(const Context& ctx, const char* op) {
  calls_.push_back({op, Event(), Event()});
  calls_.back().begin.record(stream_of(ctx));
}

void OpTimer::end(const Context& ctx) {
  calls_.back().end.record(stream_of(ctx));
}

std::vector<OpTimer::Time> OpTimer::stop() {
  on_ = false;
  std::vector<Time> times;
  for (const Call& call : calls_) {
    auto time = std::ranges::find(times, call.op, &Time::op);
    if (time == times.end()) time = times.insert(times.end(), Time{call.op, 0, 0});
    ++time->calls;
    time->milliseconds += call.end.milliseconds_since(call.begin);
  }
  calls_.clear();
  std::ranges::stable_sort(times, std::greater<>(), &Time::milliseconds);
  return times;
}

}  // namespace revunet::cuda
