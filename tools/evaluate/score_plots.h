// The box plots of an evaluation: a panel for each metric, in it a box for each region.
#pragma once

#include <vector>

#include "io/pictures/box_plot.h"
#include "io/scores/evaluation.h"

namespace revunet::tools {

// There is one score at least.
io::BoxPlots box_plots_of(const std::vector<io::CaseScore>& scores, const io::ScoreOptions& options);

}  // namespace revunet::tools
