// The options of revunet-train, resolved and checked; and as the TOML of a run's config.toml.
#pragma once

#include <string>

#include "models/training/train_options.h"
#include "tools/train/arguments.h"

namespace revunet::tools {

// The modes that the arguments leave open.
ModeChoice mode_choice(const TrainArguments& arguments);

// Sets the number of CPU threads. Throws UsageError for values that make no sense, with what would, and for a budget
// that nothing fits. With arguments.plan, data and out may be empty.
TrainOptions resolve(const TrainArguments& arguments);

// UsageError for early stopping without validation cases to score.
void expect_validation(const StoppingRule& rule, bool validates);

// The run's effective configuration as TOML, which --config reads back.
std::string to_toml(const TrainOptions& options);

}  // namespace revunet::tools
