#include "models/sample_upload.h"

namespace revunet {

void SampleUpload::fill(int64_t number, const HostSample& sample) {
  {
    std::unique_lock lock(mutex_);
    if (!has_queue_ && number == expected_) return;
    changed_.wait(lock, [&] { return closed_ || (has_queue_ && number <= allowed_); });
    if (closed_) return;
  }
  write(number, sample);
}

void SampleUpload::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void SampleUpload::expect(int64_t number) {
  if (queue_) queue_->expect();
  const std::lock_guard lock(mutex_);
  expected_ = number;
}

DeviceSample SampleUpload::take(const Context& ctx, const HostSample& sample, int64_t number) {
  if (!queue_) specs_ = raw_specs(sample, network_, type_);
  if (!next_.image) allocate(ctx);
  if (device_.computes()) {
    if (!queue_) make_queue();
    if (sent_ != number && !send_if_filled(number)) {
      allow(number);
      write(number, sample);
      send_if_filled(number);
    }
    sent_ = kNone;
    queue_->join();
    allow(number + 1);
  }
  return prepare(ctx, std::move(next_), sample.window, network_, type_);
}

void SampleUpload::begin_next(const Context& ctx, int64_t number) {
  allocate(ctx);
  if (queue_ && send_if_filled(number)) allow(number + 1);
}

void SampleUpload::make_queue() {
  queue_ = device_.memory().make_copy_queue(kBuffers, image_bytes() + label_bytes());
  const std::lock_guard lock(mutex_);
  has_queue_ = true;
}

void SampleUpload::write(int64_t number, const HostSample& sample) {
  REVUNET_EXPECTS(raw_specs(sample, network_, type_) == specs_, Error,
                  "[input] expected samples that are all alike, as the first one, {}, got {}", specs_.image.to_string(),
                  raw_specs(sample, network_, type_).image.to_string());
  std::byte* buffer = queue_->buffer(slot_of(number)).data();
  store(device_.layout(), specs_.image, sample.image, buffer);
  store(device_.layout(), specs_.labels, sample.labels, buffer + image_bytes());
  const std::lock_guard lock(mutex_);
  filled_[slot_of(number)] = number;
}

// The memory was free before, or work that the copy comes after used it.
void SampleUpload::allocate(const Context& ctx) {
  const LayerScope scope(ctx, "input");
  const Context input = ctx.with_tag(Tag::input);
  next_.image = Tensor(input, specs_.image);
  next_.labels = Tensor(input, specs_.labels);
}

// Copies the sample from its buffer to next_. Returns false where nobody has filled the buffer with it.
bool SampleUpload::send_if_filled(int64_t number) {
  {
    const std::lock_guard lock(mutex_);
    int64_t& filled = filled_[slot_of(number)];
    if (filled != number) return false;
    filled = kNone;
  }
  queue_->copy(next_.image.address(), slot_of(number), 0, image_bytes());
  queue_->copy(next_.labels.address(), slot_of(number), image_bytes(), label_bytes());
  sent_ = number;
  return true;
}

// Lets the samples up to `last` be filled. The buffer held the sample two before, which has been on the device for
// long.
void SampleUpload::allow(int64_t last) {
  queue_->wait_for_buffer(slot_of(last));
  const std::lock_guard lock(mutex_);
  allowed_ = last;
  changed_.notify_all();
}

}  // namespace revunet
