// Options that would have no effect are refused: whoever types one expects something of it.
//
// Rule: this is about the command line alone. A config.toml may hold options that another one, typed later, makes idle.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tools/train/arguments.h"

namespace revunet::tools {

// The long options among the words of a command line: "--lr" for "--lr" and for "--lr=0.1".
std::set<std::string> typed_options(const std::vector<std::string>& words);

// UsageError where one of the typed options does nothing with these arguments: --fold without --folds, --val-fraction
// together with them, a range of augmentation without --augment, or, with --resume, what the run has decided on
// already.
void expect_effect(const TrainArguments& arguments, const std::set<std::string>& typed);

}  // namespace revunet::tools
