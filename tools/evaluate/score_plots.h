// This file makes the box plots of an evaluation: a panel for each metric, and in it a box for each region.
#pragma once

#include <vector>

#include "io/pictures/box_plot.h"
#include "io/scores/evaluation.h"

namespace revunet::tools {

// There is at least one score.
io::BoxPlots box_plots_of(const std::vector<io::CaseScore>& scores, const io::ScoreOptions& options);

}  // namespace revunet::tools
