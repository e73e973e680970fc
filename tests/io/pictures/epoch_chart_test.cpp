// Tests where a report's charts put values: lines and columns against the chart's own ticks and their labels.

#include <cmath>
#include <cstdlib>
#include <regex>
#include <sstream>

#include <fmt/format.h>

#include "io/pictures/epoch_chart.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

struct ChartPlace {
  double x, y;
};

// An Axis is a scale as a reader takes it from two of its ticks.
struct Axis {
  double first_at, first_value, per_unit;
  double at(double value) const { return first_at + (value - first_value) * per_unit; }
};

constexpr double tenth = 0.051;  // the SVG's numbers have one digit: half of the last digit, plus rounding

class ChartReader {
 public:
  explicit ChartReader(const io::EpochChart& chart) : svg_(io::svg_of_chart(chart)) {}

  // Labels are 4 below their lines, and end left of the axis.
  Axis values() const {
    return axis_of("<text x=\"49.0\" y=\"([0-9.]+)\" class=\"label\" text-anchor=\"end\">([0-9.]+)</text>", -4);
  }
  Axis epochs() const {
    return axis_of("<text x=\"([0-9.]+)\" y=\"[0-9.]+\" class=\"label\" text-anchor=\"middle\">([0-9]+)</text>", 0);
  }
  std::vector<ChartPlace> line(const std::string& name) const {
    std::istringstream points(series("polyline", name, "points"));
    std::vector<ChartPlace> places;
    char comma = 0;
    for (ChartPlace p{}; points >> p.x >> comma >> p.y;) places.push_back(p);
    return places;
  }
  // Returns the columns of one layer of a stack: left, bottom, (minus) height, width.
  std::vector<std::array<double, 4>> layer(const std::string& name) const {
    const std::string path = series("path", name, "d");
    const std::regex column("M([-0-9.]+),([-0-9.]+)v([-0-9.]+)h([-0-9.]+)v[-0-9.]+z");
    std::vector<std::array<double, 4>> columns;
    for (std::sregex_iterator c(path.begin(), path.end(), column), end; c != end; ++c) {
      columns.push_back({});
      for (size_t i = 0; i < 4; ++i) columns.back()[i] = std::strtod((*c)[i + 1].str().c_str(), nullptr);
    }
    return columns;
  }
  const std::string& svg() const { return svg_; }

 private:
  std::string series(const std::string& element, const std::string& name, const std::string& attribute) const {
    std::smatch match;
    const std::regex pattern("<" + element + " class=\"series\" data-name=\"" + name + "\"[^>]* " + attribute +
                             "=\"([^\"]*)\"");
    REQUIRE(std::regex_search(svg_, match, pattern));
    return match[1];
  }
  Axis axis_of(const std::string& label, double shift) const {
    const std::regex pattern(label);
    std::vector<std::pair<double, double>> ticks;  // place, value
    for (std::sregex_iterator t(svg_.begin(), svg_.end(), pattern), end; t != end; ++t) {
      ticks.emplace_back(std::strtod((*t)[1].str().c_str(), nullptr) + shift,
                         std::strtod((*t)[2].str().c_str(), nullptr));
    }
    REQUIRE(ticks.size() >= 2);
    const auto [first, last] = std::pair(ticks.front(), ticks.back());
    return {first.first, first.second, (last.first - first.first) / (last.second - first.second)};
  }

  std::string svg_;
};

std::string in_words(double value) {
  return std::to_string(value);
}

}  // namespace

TEST_CASE("a chart's lines go through their values, past those that are missing", "[report]") {
  const std::vector<std::optional<double>> first = {0.1, 0.5, std::nullopt, 0.9}, second = {0.3, 0.2, 0.25, 0.0};
  const ChartReader chart({.title = "t",
                           .epochs = {1, 2, 3, 4},
                           .series = {{"a", "red", first}, {"b", "blue", second}},
                           .greatest = 1.0,
                           .value_in_words = in_words});
  const Axis values = chart.values(), epochs = chart.epochs();
  CHECK(values.per_unit < -100);  // upwards; a chart of some height
  CHECK(epochs.per_unit > 50);
  const auto expect = [&](const std::string& name, const std::vector<std::pair<double, double>>& points) {
    const std::vector<ChartPlace> got = chart.line(name);
    REQUIRE(got.size() == points.size());
    for (size_t i = 0; i < points.size(); ++i) {
      CHECK(got[i].x == Approx(epochs.at(points[i].first)).margin(2 * tenth));
      CHECK(got[i].y == Approx(values.at(points[i].second)).margin(2 * tenth));
    }
  };
  expect("a", {{1, 0.1}, {2, 0.5}, {4, 0.9}});
  expect("b", {{1, 0.3}, {2, 0.2}, {3, 0.25}, {4, 0.0}});
}

TEST_CASE("a logarithmic chart has as much height for each factor", "[report]") {
  const ChartReader chart({.title = "t",
                           .epochs = {1, 2, 3},
                           .series = {{"rate", "red", {{1e-2, 1e-4, 5e-3}}}},
                           .kind = io::EpochChart::Kind::logarithmic,
                           .value_in_words = in_words});
  const std::vector<ChartPlace> line = chart.line("rate");
  REQUIRE(line.size() == 3);
  const double decade = (line[1].y - line[0].y) / 2;
  CHECK(decade > 50);
  CHECK(line[2].y - line[0].y == Approx(std::log10(2.0) * decade).margin(2 * tenth));
  // The decades' labels are where the values are.
  for (const auto& [label, y] : {std::pair{"1e-2", line[0].y}, {"1e-4", line[1].y}}) {
    CHECK_THAT(chart.svg(), Catch::Matchers::ContainsSubstring(
                                fmt::format("y=\"{:.1f}\" class=\"label\" text-anchor=\"end\">{}<", y + 4, label)));
  }
}

TEST_CASE("a stack's columns lie on each other, each as high as its value", "[report]") {
  const ChartReader chart({.title = "t",
                           .epochs = {1, 2},
                           .series = {{"low", "red", {{3.0, 1.0}}}, {"high", "blue", {{2.0, 6.0}}}},
                           .kind = io::EpochChart::Kind::stacked,
                           .value_in_words = in_words});
  const Axis values = chart.values(), epochs = chart.epochs();
  const auto low = chart.layer("low"), high = chart.layer("high");
  REQUIRE((low.size() == 2 && high.size() == 2));
  const double of_low[] = {3, 1}, of_high[] = {2, 6};
  for (size_t i = 0; i < 2; ++i) {
    CHECK(low[i][1] == Approx(values.at(0)).margin(2 * tenth));
    CHECK(low[i][1] + low[i][2] == Approx(values.at(of_low[i])).margin(2 * tenth));
    CHECK(high[i][1] == Approx(low[i][1] + low[i][2]).margin(0.011));
    CHECK(high[i][1] + high[i][2] == Approx(values.at(of_low[i] + of_high[i])).margin(2 * tenth));
    CHECK(low[i][0] + low[i][3] / 2 == Approx(epochs.at(static_cast<double>(i + 1))).margin(2 * tenth));
    CHECK((high[i][0] == low[i][0] && high[i][3] == low[i][3]));
  }
}

TEST_CASE("a chart points at the epoch that it is told to", "[report]") {
  const ChartReader chart({.title = "t",
                           .epochs = {10, 20, 30},
                           .series = {{"a", "red", {{0.1, 0.2, 0.3}}}},
                           .marked = 20,
                           .value_in_words = in_words});
  const double at = chart.line("a").at(1).x;
  CHECK_THAT(chart.svg(),
             Catch::Matchers::ContainsSubstring(fmt::format("<line x1=\"{:.1f}\"", at)) &&
                 Catch::Matchers::ContainsSubstring(fmt::format("x2=\"{:.1f}\" y2=\"254.0\" class=\"mark\"", at)) &&
                 Catch::Matchers::ContainsSubstring(">best: epoch 20<"));
}
