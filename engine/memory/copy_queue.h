// A CopyQueue copies from the host to a device while the device does other work.
//
// Rule: the device's thread makes all calls but buffer(). Other threads may write to a buffer between wait_for_buffer()
// and the copy() that reads it.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace revunet {

class CopyQueue {
 public:
  virtual ~CopyQueue() = default;  // waits for its copies

  // Returns the memory of a buffer on the host, which does not move.
  virtual std::span<std::byte> buffer(size_t index) = 0;

  // Copies `bytes` bytes, from `offset` on, of a buffer to the device's address `to`. Returns at once. The copy begins
  // when the device's work so far is done, and runs beside the work that comes after it.
  virtual void copy(void* to, size_t index, size_t offset, size_t bytes) = 0;
  // Returns once no copy reads the buffer.
  virtual void wait_for_buffer(size_t index) = 0;

  // The device has nothing to do from here on until join().
  virtual void expect() = 0;
  // The device's work from here on begins when all copies so far are done.
  virtual void join() = 0;
  // Returns the seconds from when the device was done with its work before the last expect() until it could begin the
  // work after the join() that followed. Returns nothing unless the last calls were these two. May wait for the device.
  virtual std::optional<double> waited() const = 0;
};

// A HostCopyQueue serves a device whose memory is the host's. It copies at once.
class HostCopyQueue : public CopyQueue {
 public:
  HostCopyQueue(size_t buffers, size_t bytes) : buffers_(buffers, std::vector<std::byte>(bytes)) {}

  std::span<std::byte> buffer(size_t index) override { return buffers_.at(index); }
  void copy(void* to, size_t index, size_t offset, size_t bytes) override;
  void wait_for_buffer(size_t) override {}
  void expect() override { expected_ = std::chrono::steady_clock::now(); }
  void join() override;
  std::optional<double> waited() const override { return waited_; }

 private:
  std::vector<std::vector<std::byte>> buffers_;
  std::optional<std::chrono::steady_clock::time_point> expected_;
  std::optional<double> waited_;
};

}  // namespace revunet
