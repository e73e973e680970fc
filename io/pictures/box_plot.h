// This file draws box plots: a panel for each quantity, and in it a box for each group of values. One drawing serves
// both formats.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/pictures/canvas.h"

namespace revunet::io {

struct BoxOfValues {
  std::string name;
  Colour colour;
  std::vector<double> values;  // without any, nothing is drawn over the name
  double lower_quartile = 0, median = 0, upper_quartile = 0, mean = 0;
};

// Conventions are values that stand for something which was not measured. Measured values are below `least`.
struct Conventions {
  double least, greatest;
  std::string meaning;
};

struct BoxPanel {
  std::string title;
  std::string unit{};  // empty: shares, up to 1
  std::vector<BoxOfValues> boxes;
  std::optional<Conventions> conventions{};  // none where the values are shares
};

struct BoxPlots {
  std::string heading, detail;
  std::vector<BoxPanel> panels;
};

// Both return the bytes of a file. A PNG is 1200 pixels wide. A box spans the quartiles, with a line at the median and
// a diamond at the mean. Whiskers reach to the furthest value within 1.5 times the box's height (Tukey, 1977). Each
// value is a point. An axis of shares ends at 1, and any other begins at 0. Conventions lie above a break in the axis,
// unless measured values come so near that there is nothing to leave out. Where names of boxes need it, fewer panels
// are in a row, and names that are too long for that are upright. A detail longer than a line has several. Throws Error
// for values that are not finite.
std::string box_plot_svg(const BoxPlots& plots);
std::string box_plot_png(const BoxPlots& plots);

}  // namespace revunet::io
