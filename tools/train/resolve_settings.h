// This file completes and checks the settings of revunet-train.
#pragma once

#include "tools/train/train_settings.h"

namespace revunet::tools {

// Sets what the command line, which has been parsed, left open: first from the file of --config or, with --resume, from
// the run's own config.toml, then from the protocol. Throws UsageError where there is no such run, and as
// OptionTable::take does.
void read_configuration(OptionTable& options, const TrainSettings& settings);

// Gives a new run the network of the weights that it begins with, which are of this task where they do not name one.
// Throws DataError for weights of another network than an option says, and as weights_info does.
void take_architecture(OptionTable& options, const std::filesystem::path& init, const io::TaskPointer& task);

// Sets whether the run goes on, and in which folder. Throws UsageError for a run without dataset or folder.
void expect_data_and_out(TrainSettings& settings);

// Sets the number of CPU threads, by which cases are read too.
void resolve_threads(TrainSettings& settings);

// Completes settings.run.split. Throws UsageError for folds that make no sense.
void resolve_split(TrainSettings& settings);

// Completes settings.run, and replaces auto and 0 by what was chosen, so that the table shows the effective
// configuration. Throws UsageError for settings that make no sense together (with settings that would), for options on
// the command line without effect, and for a budget that nothing fits. Its message names the lines of files that set
// them. With settings.plan, data and out may be empty.
void resolve(OptionTable& options, TrainSettings& settings);

}  // namespace revunet::tools
