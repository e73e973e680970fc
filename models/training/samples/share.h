// A Share is what one of several processes takes of numbered things, such as a run's samples or the cases of a
// validation: those of the others lie between.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/distributed/communicator.h"

namespace revunet {

class Share {
 public:
  // The processes take things in turns, from number 0 on. nullptr: this process takes all.
  explicit Share(const Communicator* processes) : rank_(rank_of(processes)), processes_(size_of(processes)) {}

  // Lets the first process take number `first`, and so on. Numbers before it have been taken.
  void begin_at(int64_t first) {
    index_ = before(first);
    first_ = first;
  }
  // Returns how many of the things before `number` are this process's. number is not before that of begin_at.
  int64_t before(int64_t number) const {
    return index_ + std::max<int64_t>(0, (number - first_ - rank_ + processes_ - 1) / processes_);
  }
  // Returns the number of this process's thing `index`. Both count from 0.
  int64_t number(int64_t index) const { return first_ + (index - index_) * processes_ + rank_; }

 private:
  int64_t rank_, processes_;
  int64_t first_ = 0, index_ = 0;  // of begin_at, and of the next thing that this process takes
};

}  // namespace revunet
