// ReadAhead makes things ahead of their use, in its own threads. Rule: what is made depends on its position alone, so
// neither values nor order depend on threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <utility>

namespace revunet {

template <class T>
class ReadAhead {
 public:
  // Makes up to `depth` >= 1 things at once, each in a thread. `make` is called from several threads.
  ReadAhead(std::function<T(int64_t)> make, int64_t depth) : make_(std::move(make)), depth_(depth) {}

  // Waits for the one at `position`, and starts making those after it, at positions below `end`. Throws here what make
  // threw. Of several failures, the one at the first position is thrown.
  T get(int64_t position, int64_t end) {
    start(position, end);
    std::future<T> wanted = std::move(making_.at(position));
    making_.erase(position);
    const auto begin = std::chrono::steady_clock::now();
    wanted.wait();
    waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    start(position + 1, end);
    return wanted.get();
  }

  // Returns the seconds that get has waited since the last call of this function.
  double take_waited() { return std::exchange(waited_, 0.0); }

 private:
  void start(int64_t first, int64_t end) {
    for (int64_t i = first; i < std::min(first + depth_, end); ++i) {
      if (!making_.contains(i)) making_[i] = std::async(std::launch::async, make_, i);
    }
  }

  std::function<T(int64_t)> make_;
  int64_t depth_;
  std::map<int64_t, std::future<T>> making_;
  double waited_ = 0;
};

}  // namespace revunet
