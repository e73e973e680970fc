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
  const std::optional<size_t> within = open_.empty() ? std::nullopt : std::optional(open_.back());
  Call call{op, ctx.device.allocator().current_layer(), Event(), Event(), within};
  call.begin.record(stream_of(ctx));
  calls_.push_back(std::move(call));
  open_.push_back(calls_.size() - 1);
}

void OpTimer::end(const Context& ctx) {
  calls_[open_.back()].end.record(stream_of(ctx));
  open_.pop_back();
}

OpTimer::Times OpTimer::stop() {
  on_ = false;
  Times times;
  std::vector<double> milliseconds;
  for (const Call& call : calls_) {
    milliseconds.push_back(call.end.milliseconds_since(call.begin));
    if (call.within) milliseconds[*call.within] -= milliseconds.back();
  }
  for (size_t i = 0; i < calls_.size(); ++i) {
    add(times.by_op, calls_[i].op, milliseconds[i]);
    add(times.by_layer, device_.allocator().layer_name(calls_[i].layer), milliseconds[i]);
  }
  calls_.clear();
  std::ranges::stable_sort(times.by_op, std::greater<>(), &Time::milliseconds);
  std::ranges::stable_sort(times.by_layer, std::greater<>(), &Time::milliseconds);
  return times;
}

}  // namespace revunet::cuda
