// This file makes the box plots of an evaluation: a panel for each metric, and in it a box for each region.
#pragma once

#include "io/pictures/box_plot.h"
#include "io/scores/evaluation.h"

namespace revunet::tools {

// Regions have the names of the evaluation's task, which the caption explains where the task does.
io::BoxPlots box_plots_of(const io::Evaluation& evaluation, const io::ScoreOptions& options);

}  // namespace revunet::tools
