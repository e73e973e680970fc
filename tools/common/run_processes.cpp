#include "tools/common/run_processes.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "engine/cpu_threads.h"
#include "engine/distributed/mpi.h"
#include "engine/error.h"
#include "tools/common/failure.h"
#include "tools/common/launch_processes.h"

namespace revunet::tools {

namespace {

// Names this machine and the CPUs that this process may use.
std::string describe_cpus() {
  std::string text = host_name();
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0) return text;
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &cpus)) text += fmt::format(" {}", cpu);
  }
  return text;
}

Communicator* running = nullptr;  // for an exception that no caller could catch, such as one in a loop of OpenMP

[[noreturn]] void fail_alone(Communicator& processes, Failure failure) {
  failure.message = fmt::format("{}: {}", describe_rank(processes.rank(), processes.size()), failure.message);
  tell(failure);
  processes.abort(failure.code);
  std::abort();  // not reached, which GCC does not see
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::unique_ptr<Communicator> join_or_launch(int64_t wanted, char** argv) {
  if (wanted != 1 && launched_by_mpi()) return join_mpi();
  if (wanted > 1) launch_processes(wanted, argv);
  return sole_process();
}

void expect_processes(const Communicator& processes, int64_t wanted) {
  REVUNET_EXPECTS(wanted == 0 || wanted == processes.size(), UsageError,
                  "[--processes] expected the {} processes that the launcher has started, got {}; leave it out",
                  processes.size(), wanted);
}

void run_together(Communicator& processes, const std::function<void()>& body) {
  if (processes.size() == 1) return body();
  running = &processes;
  std::set_terminate([] { fail_alone(*running, failure_of(std::current_exception())); });
  try {
    body();
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    if (!processes.ends_together()) fail_alone(processes, failure);
    if (processes.rank() == 0) tell(failure);
    throw AlreadyTold{failure.code};
  }
}

int threads_of_process(Communicator& processes, int threads) {
  const std::string own = describe_cpus();
  const std::vector<std::string> all = processes.gather(own);
  const auto sharing = static_cast<int>(std::ranges::count(all, own));
  const int each = chosen_cpu_threads(threads);
  const bool chosen = threads > 0 || std::getenv("OMP_NUM_THREADS");  // for each process
  return chosen ? each : std::max(1, each / sharing);
}

void wait_for_file(const std::filesystem::path& path, const std::string& text) {
  constexpr std::chrono::seconds kLongest{60};  // a network's file system may show a new file late
  const auto last = std::chrono::steady_clock::now() + kLongest;
  while (text_of(path) != text) {
    REVUNET_EXPECTS(std::chrono::steady_clock::now() < last, DataError,
                    "[{}] expected what the first process has written, got {} after {} s; all processes need the same "
                    "disk for the run's folder",
                    path.string(), std::filesystem::exists(path) ? "other text" : "no file", kLongest.count());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace revunet::tools
