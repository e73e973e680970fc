// RunObservers holds all observers of a run, and shows them the run in one place.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "models/training/run_observer.h"
#include "models/training/run_progress.h"

namespace revunet {

class RunObservers {
 public:
  // progress outlives this.
  explicit RunObservers(RunProgress& progress) : progress_(progress) {}

  void add(std::unique_ptr<RunObserver> observer) { observers_.push_back(std::move(observer)); }

  // Calls `event` for each observer, in the order in which they were added. One that fails is removed with a warning.
  void show(const std::function<void(RunObserver&)>& event);

 private:
  RunProgress& progress_;
  std::vector<std::unique_ptr<RunObserver>> observers_;
};

}  // namespace revunet
