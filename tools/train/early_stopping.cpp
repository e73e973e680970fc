#include "tools/train/early_stopping.h"

namespace revunet::tools {

bool EarlyStopping::update(int64_t epoch, double score) {
  recent_.push_back({epoch, score});
  while (recent_.front().epoch <= epoch - rule_.window) recent_.pop_front();
  if (rule_.patience == 0 || epoch < rule_.window) return false;
  double average = 0;
  for (const Scored& s : recent_) average += s.score / static_cast<double>(recent_.size());
  if (!best_ || average > best_->score) best_ = {epoch, average};
  return epoch - best_->epoch >= rule_.patience;
}

}  // namespace revunet::tools
