// ProcessTimes say what each process of a run did in an epoch: computed, waited for samples, waited for the others. On
// GPUs the host does not wait for sums of gradients, so that waiting counts as computing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/distributed/communicator.h"
#include "models/training/clocks.h"

namespace revunet {

struct ProcessTime {
  std::string host, device;
  double computing = 0, waiting_for_data = 0, waiting_for_others = 0;  // seconds
};

class ProcessTimes {
 public:
  // processes, which outlive this object, are more than one; nullptr: nothing is measured. device describes that of
  // this process, for people.
  ProcessTimes(Communicator* processes, std::string device)
      : processes_(size_of(processes) > 1 ? processes : nullptr), device_(std::move(device)) {}

  void begin_epoch();
  void add_waiting_for_data(double seconds) { waited_for_data_ += seconds; }
  // Returns the times of all processes since the epoch began, in the order of ranks. All of them call it. Returns
  // nothing where there is one process.
  std::vector<ProcessTime> end_epoch();

 private:
  Communicator* processes_;
  std::string device_;
  Stopwatch epoch_;
  double waited_for_data_ = 0;
};

}  // namespace revunet
