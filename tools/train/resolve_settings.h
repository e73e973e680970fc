// This file completes and checks the settings of revunet-train.
#pragma once

#include "tools/train/train_settings.h"

namespace revunet::tools {

// Sets what the command line, which has been parsed, left open: first from the file of --config or, with --resume, from
// the run's own config.toml, then from the protocol, then from the weights of --init. Throws UsageError where there is
// no such run, and as OptionTable::take does. Throws DataError for weights of another network than an option says.
void read_configuration(OptionTable& options, const TrainSettings& settings);

// Completes settings.run, and replaces auto and 0 by what was chosen, so that the table shows the effective
// configuration. Sets the number of CPU threads. Throws UsageError for settings that make no sense together (with
// settings that would), for options on the command line without effect, and for a budget that nothing fits. Its message
// names the lines of files that set them. With settings.plan, data and out may be empty.
void resolve(OptionTable& options, TrainSettings& settings);

}  // namespace revunet::tools
