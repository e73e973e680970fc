// Settings of revunet-train, completed and checked.
#pragma once

#include "tools/train/train_settings.h"

namespace revunet::tools {

// Sets what the command line, which has parsed, left open: by the file of --config or, with --resume, by the run's own
// config.toml; then by the protocol; then by the weights of --init. UsageError where there is no such run, and as
// OptionTable::take; DataError for weights of another network than an option says.
void read_configuration(OptionTable& options, const TrainSettings& settings);

// Completes settings.run, and puts what was chosen in the place of auto and of 0, so that the table tells the effective
// configuration. Sets the number of CPU threads. UsageError for settings that make no sense together, with what would,
// for options on the command line without effect, and for a budget that nothing fits; its message names the lines of
// files that set them. With settings.plan, data and out may be empty.
void resolve(OptionTable& options, TrainSettings& settings);

// UsageError for early stopping without validation cases to score.
void expect_validation(const StoppingRule& rule, bool validates);

}  // namespace revunet::tools
