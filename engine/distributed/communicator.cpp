#include "engine/distributed/communicator.h"

#include <unistd.h>

#include <array>
#include <chrono>

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

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "an unknown host";
}

}  // namespace revunet
