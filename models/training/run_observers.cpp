#include "models/training/run_observers.h"

#include <spdlog/spdlog.h>

namespace revunet {

void RunObservers::show(const std::function<void(RunObserver&)>& event) {
  std::erase_if(observers_, [&](const std::unique_ptr<RunObserver>& observer) {
    try {
      event(*observer);
      return false;
    } catch (const std::exception& e) {
      progress_.clear();
      spdlog::warn("warning: {}; the run goes on without {}", e.what(), observer->name());
      return true;
    }
  });
}

}  // namespace revunet
