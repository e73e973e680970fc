// This rule says when training has come to an end by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace revunet {

// Both are in epochs. The paper stops where the moving average over 30 epochs has not risen for 60.
struct StoppingRule {
  int64_t window = 30;
  int64_t patience = 0;  // 0: never stop
};

// Throws UsageError for a rule that stops, where no validation gives it scores.
void expect_validation(const StoppingRule& rule, bool validates);

class EarlyStopping {
 public:
  struct Scored {
    int64_t epoch;
    double score;
  };
  // The state is all that the rule remembers. A checkpoint keeps it.
  struct State {
    std::vector<Scored> recent;  // inside the window
    std::optional<Scored> best;  // highest moving average, and its epoch
  };

  explicit EarlyStopping(const StoppingRule& rule) : rule_(rule) {}

  // Takes the score of the validation of epoch `epoch` (from 1), where higher is better. Returns whether to stop. The
  // moving average is that of the scores of the last `window` epochs; there is none before epoch `window`.
  bool update(int64_t epoch, double score);
  // Returns whether to stop after epoch `epoch`, by the scores so far.
  bool stops_after(int64_t epoch) const;

  const State& state() const { return state_; }
  void restore(State state) { state_ = std::move(state); }

 private:
  StoppingRule rule_;
  State state_;
};

}  // namespace revunet
