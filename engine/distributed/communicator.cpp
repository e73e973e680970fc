#include "engine/distributed/communicator.h"

#include <chrono>

#include <fmt/format.h>

namespace revunet {

namespace {

// Adds the seconds of its life to a sum.
class WaitingTime {
 public:
  explicit WaitingTime(double& sum) : sum_(sum) {}
  ~WaitingTime() { sum_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  WaitingTime(const WaitingTime&) = delete;
  WaitingTime& operator=(const WaitingTime&) = delete;

 private:
  double& sum_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace

std::vector<std::string> Communicator::gather(const std::string& text) {
  const WaitingTime time(waited_);
  return gather_texts(text);
}

void Communicator::wait(std::future<void>& sum) {
  const WaitingTime time(waited_);
  sum.get();
}

std::string describe_rank(int rank, int size, const std::string& host) {
  return fmt::format("rank {} of {} on {}", rank, size, host);
}

}  // namespace revunet
