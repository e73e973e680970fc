// A Communicator lets the processes of one run add their gradients, and agree on what comes next.
//
// Rule: all processes call the same functions in the same order, each from one thread. No process waits for ever for
// one that has ended or cannot be reached: this ends the run in all others. One that hangs, but is alive, is waited
// for.
#pragma once

#include <future>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/process/host_name.h"

namespace revunet {

inline constexpr int kMostProcesses = 10'000;  // of a run; far beyond use

class Communicator {
 public:
  virtual ~Communicator() = default;  // that of several processes waits until all end theirs

  // Processes are counted from 0.
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Counts the processes of one machine, from 0: the local rank chooses the device.
  virtual int local_rank() const = 0;
  virtual int local_size() const = 0;

  // Returns the texts that all processes pass, in the order of ranks.
  std::vector<std::string> gather(const std::string& text);

  // Begins to add up the values of all `parts` over the ranks 0 to contributors - 1, in this order: the bits are those
  // of adding one after the other. Every process gets the sum, also one that adds nothing, whose values are
  // overwritten. All pass parts of the same sizes and the same number of contributors. `staging` holds as many values
  // as all parts. Neither is touched until wait() has returned. Sums are made in the order in which they were begun.
  virtual std::future<void> begin_sum(std::vector<std::span<float>> parts, std::span<float> staging,
                                      int contributors) = 0;
  // Returns whether the values of sums lie on a CUDA device (engine/cuda/nccl_communicator.h), which may add in another
  // order, in place of the host's memory.
  virtual bool sums_on_cuda() const { return false; }

  // Waits for a sum that was begun. Throws what it threw.
  void wait(std::future<void>& sum);
  // Returns the seconds that this process has waited for others since the last call of this function.
  double take_waited() { return std::exchange(waited_, 0.0); }

  // Says that all processes have agreed to end, so that none needs to abort the others.
  virtual void end_together() { ends_together_ = true; }
  bool ends_together() const { return ends_together_; }

  // Ends all processes of the run with this exit code, because of something that the others do not know of. It waits
  // for no sum that has begun.
  [[noreturn]] virtual void abort(int exit_code) = 0;

 protected:
  virtual std::vector<std::string> gather_texts(const std::string& text) = 0;

 private:
  bool ends_together_ = false;
  double waited_ = 0;  // seconds
};

// A run of one process may have no communicator at all: these take nullptr for it.
inline int rank_of(const Communicator* processes) {
  return processes ? processes->rank() : 0;
}
inline int size_of(const Communicator* processes) {
  return processes ? processes->size() : 1;
}

// Returns a text such as "rank 2 of 4 on node3", for messages. `host` is that of the process, which is
// this machine for this process.
std::string describe_rank(int rank, int size, const std::string& host = host_name());

// Returns the communicator of a run of one process.
std::unique_ptr<Communicator> sole_process();

}  // namespace revunet
