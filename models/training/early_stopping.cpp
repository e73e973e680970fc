#include "models/training/early_stopping.h"

#include "engine/error.h"

namespace revunet {

void expect_validation(const StoppingRule& rule, bool validates) {
  REVUNET_EXPECTS(
      rule.patience == 0 || validates, UsageError,
      "[`stop-patience`] expected 0 without validation cases that have a labelled region, got {}; keep some with "
      "`val-fraction`",
      rule.patience);
}

bool EarlyStopping::update(int64_t epoch, double score) {
  std::vector<Scored>& recent = state_.recent;
  recent.push_back({epoch, score});
  std::erase_if(recent, [&](const Scored& s) { return s.epoch <= epoch - rule_.window; });
  if (rule_.patience == 0 || epoch < rule_.window) return false;
  double average = 0;
  for (const Scored& s : recent) average += s.score / static_cast<double>(recent.size());
  if (!state_.best || average > state_.best->score) state_.best = {epoch, average};
  return stops_after(epoch);
}

bool EarlyStopping::stops_after(int64_t epoch) const {
  return rule_.patience > 0 && state_.best && epoch - state_.best->epoch >= rule_.patience;
}

}  // namespace revunet
