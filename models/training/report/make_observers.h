// This file makes the observers that show a run while it trains, as its options ask.
#pragma once

#include <memory>
#include <vector>

#include "models/training/run_observer.h"
#include "models/training/train_options.h"

namespace revunet {

// Returns the observers in the order in which they must be called. options and folder outlive them.
std::vector<std::unique_ptr<RunObserver>> make_observers(const TrainOptions& options, const Split& split,
                                                         const RunFolder& folder);

}  // namespace revunet
