// Charts over epochs, as SVG for a page: colours are CSS variables of the page, so that it can be light or dark; a
// column per epoch tells its values to the mouse.
//
// Rule: values that have no place on the axis are left out, and the chart says how many: what is not a number or
// larger than kLargestDrawn, what is negative in a stack, and what is not above 0 on a logarithmic axis.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace revunet::io {

struct Series {
  std::string name;
  std::string colour;                         // CSS, as "var(--wt)"
  std::vector<std::optional<double>> values;  // one per epoch; a line goes past those that are missing
};

struct EpochChart {
  std::string title;
  std::string unit{};  // of the values, for people
  std::vector<int64_t> epochs;
  std::vector<Series> series;
  enum class Kind {
    lines,
    logarithmic,  // lines over a logarithmic axis
    stacked,      // a column per epoch, the first series at the bottom
  } kind = Kind::lines;
  std::optional<double> greatest{};                   // of the axis, where it is known; else that of the values
  std::optional<int64_t> marked{};                    // an epoch to point at
  std::function<std::string(double)> value_in_words;  // for the mouse
};

// Each line is a polyline of class "series" with a point per value, each layer of a stack a path of class "series".
std::string svg_of_chart(const EpochChart& chart);

}  // namespace revunet::io
