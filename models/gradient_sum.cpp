#include "models/gradient_sum.h"

#include <algorithm>

namespace revunet {

namespace {

// Tensors of the meta device have no values.
std::span<float> values_of(const Context& ctx, Tensor& tensor) {
  if (!ctx.device.computes()) return {};
  return {tensor.data<float>(), static_cast<size_t>(tensor.elements())};
}

}  // namespace

GradientSum::GradientSum(const Context& ctx, Communicator& processes, std::vector<Parameter*> parameters)
    : ctx_(ctx), processes_(processes) {
  REVUNET_EXPECTS(ctx.device.kind() != DeviceKind::cuda || processes.sums_on_cuda(), Error,
                  "[step] expected a communicator that adds up values on a CUDA device, got one of the host's; pass "
                  "that of ComputeDevice");
  int64_t total = 0, largest = kBucketValues;
  for (auto p = parameters.rbegin(); p != parameters.rend(); ++p) {
    const int64_t values = (*p)->value.elements();
    if (buckets_.empty() || buckets_.back().values + values > kBucketValues) buckets_.emplace_back();
    buckets_.back().parameters.push_back(*p);
    buckets_.back().values += values;
    total += values;
    largest = std::max(largest, values);
  }
  const Shape of_staging{std::min(total, largest)};
  for (Slot& slot : slots_) slot.staging = Tensor(ctx.with_tag(Tag::communication), of_staging, DType::f32);
}

void GradientSum::begin(int contributors, OnSummed on_summed) {
  contributors_ = contributors;
  on_summed_ = std::move(on_summed);
  begun_ = 0;
  for (Bucket& bucket : buckets_) bucket.missing = std::ssize(bucket.parameters);
}

void GradientSum::complete(const Parameter& parameter) {
  for (Bucket& bucket : buckets_) {
    if (std::ranges::find(bucket.parameters, &parameter) == bucket.parameters.end()) continue;
    --bucket.missing;
    return begin_ready();
  }
}

void GradientSum::begin_ready() {
  while (begun_ < buckets_.size() && buckets_[begun_].missing == 0) {
    Slot& slot = slots_[begun_ % slots_.size()];
    wait_for(slot);
    std::vector<std::span<float>> parts;
    for (Parameter* p : buckets_[begun_].parameters) parts.push_back(values_of(ctx_, p->gradient));
    slot.bucket = &buckets_[begun_];
    slot.sum = processes_.begin_sum(std::move(parts), values_of(ctx_, slot.staging), contributors_);
    ++begun_;
  }
}

void GradientSum::finish() {
  for (Bucket& bucket : buckets_) {
    if (bucket.missing == 0) continue;
    for (Parameter* p : bucket.parameters) gradient_of(ctx_, *p);
    bucket.missing = 0;
    begin_ready();
  }
  for (size_t i = 0; i < slots_.size(); ++i) wait_for(slots_[(begun_ + i) % slots_.size()]);
}

void GradientSum::wait_for(Slot& slot) {
  if (!slot.sum.valid()) return;
  processes_.wait(slot.sum);
  for (Parameter* p : slot.bucket->parameters) on_summed_(*p);
}

}  // namespace revunet
