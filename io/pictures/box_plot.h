// Draws the scores of an evaluation: a panel for each metric, in it a box plot of each region. One drawing for both
// formats.
#pragma once

#include <string>
#include <vector>

#include "io/scores/evaluation.h"

namespace revunet::io {

// The bytes of a file; a PNG is 1200 pixels wide. There is one score at least. A box spans the quartiles, with a line
// at the median and a diamond at the mean; whiskers reach to the furthest case within 1.5 times the box's height of it
// (Tukey, 1977); each case is a point. Distances that are conventions, not measurements (io/scores/metrics.h,
// io/scores/lesions.h), lie above a break in the axis, unless measured ones come so near that there is nothing to leave
// out.
std::string box_plot_svg(const std::vector<CaseScore>& scores, const ScoreOptions& options);
std::string box_plot_png(const std::vector<CaseScore>& scores, const ScoreOptions& options);

}  // namespace revunet::io
