#include "engine/cuda/op_timer.h"

#include <algorithm>
#include <functional>

namespace revunet::cuda {

namespace {

void add(std::vector<OpTimer::Time>& times, const std::string& name, double milliseconds) {
  auto time = std::ranges::find(times, name, &OpTimer::Time::name);
  if (time == times.end()) time = times.insert(times.end(), {name});
  ++time->calls;
  time->milliseconds += milliseconds;
}

}  // namespace

void OpTimer::begin(const Context& ctx, const char* op) {
  calls_.push_back({op, ctx.device.allocator().current_layer(), Event(), Event()});
  calls_.back().begin.record(stream_of(ctx));
}

void OpTimer::end(const Context& ctx) {
  calls_.back().end.record(stream_of(ctx));
}

OpTimer::Times OpTimer::stop() {
  on_ = false;
  Times times;
  for (const Call& call : calls_) {
    const double milliseconds = call.end.milliseconds_since(call.begin);
    add(times.by_op, call.op, milliseconds);
    add(times.by_layer, device_.allocator().layer_name(call.layer), milliseconds);
  }
  calls_.clear();
  std::ranges::stable_sort(times.by_op, std::greater<>(), &Time::milliseconds);
  std::ranges::stable_sort(times.by_layer, std::greater<>(), &Time::milliseconds);
  return times;
}

}  // namespace revunet::cuda
