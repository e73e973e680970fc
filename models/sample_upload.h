// A SampleUpload brings the next sample to the device while the present one is computed.
//
// Loader threads write samples to two buffers of the host, as the device stores them. When backward has little left
// to do, and memory is far from its peak, the next sample gets memory on the device and is copied there beside it.
//
// Rule: samples have numbers in the order of the steps, and all take the same memory. Sample n is written to buffer
// n % 2, once sample n - 2 is on the device.
#pragma once

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "models/sample_stage.h"

namespace revunet {

class SampleUpload {
 public:
  // The device, whose layout says samples_ahead, outlives this object. `network` and `type` are as in to_device.
  SampleUpload(Device& device, const UNetConfig& network, DType type)
      : device_(device), network_(network), type_(type) {}
  ~SampleUpload() { close(); }
  SampleUpload(const SampleUpload&) = delete;
  SampleUpload& operator=(const SampleUpload&) = delete;

  // Any thread may call these two. fill() writes a sample to its buffer, and waits until that is free. It leaves out
  // the first sample of a run, which take() writes, because there are no buffers before it. After close() it does
  // nothing.
  void fill(int64_t number, const HostSample& sample);
  void close();

  // The device's thread calls what follows. expect() says that sample `number` is wanted, and the device without work.
  void expect(int64_t number);
  // Does what to_device does, with what fill() wrote or, where nobody fills this sample, with its own values. A fill()
  // of this sample has returned.
  DeviceSample take(const Context& ctx, const HostSample& sample, int64_t number);
  // Allocates memory for sample `number`, and begins to copy it there if it is filled. The sample before was taken.
  void begin_next(const Context& ctx, int64_t number);

  // Returns the seconds for which the device had no work between the last expect() and take(), or nothing for the first
  // sample. May wait for the device.
  std::optional<double> waited() const { return queue_ ? queue_->waited() : std::nullopt; }

 private:
  static constexpr int64_t kNone = -1;

  static size_t slot_of(int64_t number) { return static_cast<size_t>(number) % kBuffers; }
  size_t image_bytes() const { return stored_bytes(device_.layout(), specs_.image); }
  size_t label_bytes() const { return stored_bytes(device_.layout(), specs_.labels); }
  void make_queue();
  void write(int64_t number, const HostSample& sample);
  void allocate(const Context& ctx);
  bool send_if_filled(int64_t number);
  void allow(int64_t last);

  static constexpr size_t kBuffers = 2;

  Device& device_;
  UNetConfig network_;
  DType type_;
  RawSpecs specs_;                    // of every sample
  RawSample next_;                    // its memory on the device
  int64_t sent_ = kNone;              // the sample that was copied to next_
  std::unique_ptr<CopyQueue> queue_;  // after next_: its destructor waits for the copies

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  bool closed_ = false, has_queue_ = false;
  int64_t expected_ = kNone;
  int64_t allowed_ = kNone;  // the last sample that may be filled
  std::array<int64_t, kBuffers> filled_ = {kNone, kNone};
};

}  // namespace revunet
