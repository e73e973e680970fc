// This file trains by all processes of a run, or by the one that there is.
#pragma once

#include <string>
#include <vector>

#include "engine/distributed/communicator.h"
#include "tools/train/train_settings.h"

namespace revunet::tools {

// Reads the configuration, chooses what the run does, and trains to its end. All processes call it. The first one
// chooses, and makes the run's folder. The others read it there, as a run that goes on does. command_line is the
// program's name and what was typed after it.
void train_together(Communicator& processes, OptionTable& options, TrainSettings& settings,
                    const std::vector<std::string>& command_line);

}  // namespace revunet::tools
