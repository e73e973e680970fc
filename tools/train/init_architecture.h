// The network of a run that begins with given weights: theirs, unless an option says otherwise, which is refused.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/train/arguments.h"

namespace revunet::tools {

// Where `arguments`, which `app` has parsed, have --init for a new run: sets --model, --channels, --encoder-depth and
// --decoder-depth as the weights have them, where neither the command line nor a file gave them. DataError naming both
// where one of them was given and is another, and for a file that holds no network.
void take_architecture(CLI::App& app, const TrainArguments& arguments);

}  // namespace revunet::tools
