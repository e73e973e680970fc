// What shows a run while it trains, as its options ask for.
#pragma once

#include <memory>
#include <vector>

#include "tools/train/options.h"
#include "tools/train/run_observer.h"

namespace revunet::tools {

// In the order in which they must be called. options and folder outlive them.
std::vector<std::unique_ptr<RunObserver>> run_observers(const TrainOptions& options, const Split& split,
                                                        const RunFolder& folder);

}  // namespace revunet::tools
