// This file makes the box plots of an evaluation: a panel for each metric, and in it a box for each region.
#pragma once

#include <vector>

#include "io/pictures/box_plot.h"
#include "io/scores/evaluation.h"

namespace revunet::io {

// There is at least one score.
BoxPlots box_plots_of(const std::vector<CaseScore>& scores, const ScoreOptions& options);

}  // namespace revunet::io
