// This file draws charts over epochs, as SVG for a page. Colours are CSS variables of the page, so that it can be light
// or dark. Each epoch has a column that shows its values to the mouse.
//
// Rule: values that have no place on the axis are left out, and the chart says how many: values that are not numbers or
// are larger than kLargestDrawn, negative ones in a stack, and those not above 0 on a logarithmic axis.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace revunet::io {

struct Series {
  std::string name;
  std::string colour;                         // CSS, such as "var(--region-0)"
  std::vector<std::optional<double>> values;  // one per epoch; a line skips those that are missing
};

struct EpochChart {
  std::string title;
  std::string unit{};  // of the values, for people
  std::vector<int64_t> epochs;
  std::vector<Series> series;
  enum class Kind {
    lines,
    logarithmic,  // lines over a logarithmic axis
    stacked,      // one column per epoch, the first series at the bottom
  } kind = Kind::lines;
  std::optional<double> greatest{};                   // of the axis, where it is known; otherwise that of the values
  std::optional<int64_t> marked{};                    // an epoch to point at
  std::function<std::string(double)> value_in_words;  // for the mouse
};

// Each line is a polyline of class "series" with one point per value. Each layer of a stack is a path of class
// "series".
std::string svg_of_chart(const EpochChart& chart);

}  // namespace revunet::io
