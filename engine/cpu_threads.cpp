#include "engine/cpu_threads.h"

#include <algorithm>
#include <cstdlib>
#include <latch>
#include <system_error>
#include <thread>
#include <vector>

#include "engine/device.h"
#include "engine/error.h"
#include "engine/process/cpu_limits.h"

namespace revunet {

namespace {

// Returns how many threads of `wanted` can run at once in addition to this one.
int startable_threads(int wanted) {
  std::latch all_tried(1);
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<size_t>(wanted));
  try {
    while (std::ssize(threads) < wanted) threads.emplace_back([&] { all_tried.wait(); });
  } catch (const std::system_error&) {  // the system's limit, which the returned number shows
  }
  all_tried.count_down();
  return static_cast<int>(threads.size());
}

}  // namespace

int chosen_cpu_threads(int threads) {
  const int most = most_cpu_threads();
  if (threads > 0) return threads;
  return std::getenv("OMP_NUM_THREADS") ? std::min(cpu_threads(), most) : available_cpu_threads();
}

void use_cpu_threads(int threads) {
  const int started = 1 + startable_threads(threads - 1);
  REVUNET_EXPECTS(
      started >= threads, UsageError,
      "[`threads`] expected to start {} threads, got {}: the system refused the next (a limit of processes, "
      "such as ulimit -u or a container's, or memory for its stack); use `threads` {}",
      threads, started, std::max(1, started / 2));
  set_cpu_threads(threads);
}

}  // namespace revunet
