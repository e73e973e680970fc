// In a round, each process of a run takes one sample or one case. These functions tell all processes what each has
// found.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/distributed/communicator.h"
#include "models/training/region_scores.h"
#include "models/training/samples/case_loader.h"

namespace revunet {

// Returns the losses of the `count` samples of a round, which the first ranks have, in their order. Where losses are
// not finite here, the caller says so by agree() (engine/distributed/agreement.h). Where only another's are not finite,
// throws what that one says.
std::vector<RegionValues> exchange_losses(Communicator* processes, int64_t count, std::span<const double> own);

// A ScoredCase is a case of a validation. Of the cases of others, there is no input, and there are labels only where
// they were sent.
struct ScoredCase {
  SharedCase input;
  std::vector<uint8_t> labels;  // as predicted
  RegionValues dice;
  RegionScores scores;
};

// Returns the cases of a round, from number `first` to before `end`, of which process r has the one whose number leaves
// r when divided by the number of processes. own is nullptr where this process has none. with_labels says whether this
// process sends its labels.
std::vector<ScoredCase> exchange_scores(Communicator* processes, int64_t first, int64_t end, ScoredCase* own,
                                        bool with_labels);

}  // namespace revunet
