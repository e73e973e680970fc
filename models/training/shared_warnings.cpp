#include "models/training/shared_warnings.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace revunet {

void SharedWarnings::add(const std::string& text) {
  if (rank_of(processes_) == 0) return spdlog::warn("warning: {}", text);
  const std::lock_guard lock(mutex_);
  kept_.push_back(text);
}

void SharedWarnings::exchange() {
  if (size_of(processes_) == 1) return;
  std::vector<std::string> own;
  {
    const std::lock_guard lock(mutex_);
    own = std::exchange(kept_, {});
  }
  std::string text;
  for (const std::string& warning : own) text += (text.empty() ? "" : "\n") + warning;
  for (const std::string& of_rank : processes_->gather(text)) {
    if (!of_rank.empty() && processes_->rank() == 0) spdlog::warn("warning: {}", of_rank);
  }
}

}  // namespace revunet
