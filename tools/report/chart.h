// Charts over epochs, as SVG for a page: colours are CSS variables of the page, so that it can be light or dark; a
// column an epoch tells its values to the mouse.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace revunet::tools {

struct Series {
  std::string name;
  std::string colour;                         // CSS, as "var(--wt)"
  std::vector<std::optional<double>> values;  // one an epoch; a line goes past those that are missing
};

struct Chart {
  std::string title;
  std::vector<int64_t> epochs;
  std::vector<Series> series;
  enum class Kind {
    lines,
    logarithmic,  // lines over a logarithmic axis; values > 0
    stacked,      // a column an epoch, the first series at the bottom; values >= 0
  } kind = Kind::lines;
  std::optional<double> greatest{};                   // of the axis, where it is known; else that of the values
  std::optional<int64_t> marked{};                    // an epoch to point at
  std::function<std::string(double)> value_in_words;  // for the mouse
};

// Each line is a polyline of class "series" with a point a value, each layer of a stack a path of class "series".
std::string svg_of_chart(const Chart& chart);

}  // namespace revunet::tools
