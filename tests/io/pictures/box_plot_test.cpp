// Tests where box plots put values. Heights are read off the drawing itself.
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <string>
#include <vector>

#include "io/pictures/box_plot.h"
#include "tests/support/catch.h"
#include "tests/support/picture.h"

using namespace revunet;

namespace {

// BraTS's evaluation gives these distances, in mm, where a mask is empty and where a lesion is not matched.
constexpr double of_empty_mask = 373.12866, of_unmatched_lesion = 374;

// A Place is where a path of the drawing begins, in points of the picture, from the left and from above.
struct Place {
  double x, y;
};

// Returns the places of all paths whose style has `property` at 0.7. Older Cairos write styles, newer ones attributes.
std::vector<Place> places(const std::string& svg, const std::string& property) {
  const std::regex path("<path[^>]*" + property + "[:=]\"?0\\.7[\"; ][^>]* d=\"M ([-0-9.]+) ([-0-9.]+) [^>]*>");
  std::vector<Place> result;
  for (std::sregex_iterator at(svg.begin(), svg.end(), path), end; at != end; ++at) {
    result.push_back({std::strtod((*at)[1].str().c_str(), nullptr), std::strtod((*at)[2].str().c_str(), nullptr)});
  }
  return result;
}

struct Panel {
  std::vector<double> points;  // heights of the first box's points, one per value
  std::vector<double> ticks;   // heights of the lines through the panel, lowest first
};

// Makes a box of these values. Its quartiles do not affect where they lie.
io::BoxOfValues box_of(const std::string& name, const std::vector<double>& values) {
  return {.name = name,
          .colour = io::kInk,
          .values = values,
          .lower_quartile = values.front(),
          .median = values.front(),
          .upper_quartile = values.front(),
          .mean = values.front()};
}

// Draws these distances, and next to them a box of as many zeros.
Panel draw(const std::vector<double>& distances) {
  const std::vector<double> zeros(distances.size(), 0.0);
  const std::string svg = io::box_plot_svg(
      {.heading = "heading",
       .detail = "detail",
       .panels = {{.title = "distance",
                   .unit = "mm",
                   .boxes = {box_of("a", distances), box_of("b", zeros)},
                   .conventions = io::Conventions{of_empty_mask, of_unmatched_lesion, "nothing measured"}}}});
  // Points are drawn by box and value. A disc's path begins at the height of its centre.
  const std::vector<Place> discs = places(svg, "fill-opacity");
  REQUIRE(discs.size() == 2 * distances.size());
  Panel panel;
  for (size_t i = 0; i < distances.size(); ++i) panel.points.push_back(discs[i].y);
  for (const Place& line : places(svg, "stroke-width")) panel.ticks.push_back(line.y);
  REQUIRE(panel.ticks.size() >= 2);
  return panel;
}

bool is_falling(const std::vector<double>& y) {  // strictly
  return std::adjacent_find(y.begin(), y.end(), [](double a, double b) { return b >= a; }) == y.end();
}

}  // namespace

TEST_CASE("larger distances are drawn higher, within the panel", "[evaluate]") {
  const std::vector<std::vector<double>> rising = {
      {0, 1, 2.5, 373.12866, 374},
      {0, 20, 240, 373.12866, 374},
      {0, 50, 301, 340, 372.9, 373.12866, 374},
      {0, 310, 373, 374},
      {0, 120, 373.12866, 374, 500, 1200},  // an image larger than BraTS's has larger distances
      {0, 900},
  };
  for (const std::vector<double>& values : rising) {
    INFO(fmt::format("{}", fmt::join(values, ", ")));
    const Panel panel = draw(values);
    CHECK(is_falling(panel.points));
    CHECK(is_falling(panel.ticks));
    CHECK(panel.points.back() >= panel.ticks.back() - 1);  // 374 is just above the tick of 373
  }
}

TEST_CASE("an axis on which measured distances come near the conventions is not broken", "[evaluate]") {
  // The axis goes from 0 to the first multiple of 100 that holds all values, with a tick at each.
  const std::vector<std::pair<std::vector<double>, size_t>> reaching = {
      {{0, 100, 200, 301, 373.12866, 374}, 4}, {{0, 372}, 4}, {{0, 301, 374}, 4}, {{0, 350, 420}, 5}};
  for (const auto& [values, hundreds] : reaching) {
    INFO(fmt::format("{}", fmt::join(values, ", ")));
    const Panel panel = draw(values);
    REQUIRE(panel.ticks.size() == hundreds + 1);
    const double per_mm = (panel.ticks[0] - panel.ticks[1]) / 100;
    for (size_t i = 0; i < panel.ticks.size(); ++i) {
      CHECK(panel.ticks[0] - panel.ticks[i] == Approx(per_mm * 100 * static_cast<double>(i)).margin(0.01));
    }
    for (size_t i = 0; i < values.size(); ++i) {
      CHECK(panel.ticks[0] - panel.points[i] == Approx(per_mm * values[i]).margin(0.01));
    }
  }
}

TEST_CASE("a broken axis gives measured distances most of its height", "[evaluate]") {
  const Panel panel = draw({0, 4, 374});  // ticks at 0, 1, 2, 3, 4 and 373
  REQUIRE(panel.ticks.size() == 6);
  CHECK(panel.points[1] == Approx(panel.ticks[4]).margin(0.01));
  CHECK((panel.points[0] - panel.points[1]) / (panel.points[0] - panel.points[2]) > 0.8);
}

TEST_CASE("an axis of shares ends at 1, and begins at the round number below the least", "[evaluate]") {
  const std::vector<double> shares = {0.83, 0.9, 1};
  const std::string svg = io::box_plot_svg(
      {.heading = "heading", .detail = "detail", .panels = {{.title = "share", .boxes = {box_of("a", shares)}}}});
  std::vector<double> ticks, points;
  for (const Place& line : places(svg, "stroke-width")) ticks.push_back(line.y);
  for (const Place& disc : places(svg, "fill-opacity")) points.push_back(disc.y);
  REQUIRE(ticks.size() == 5);  // 0.8, 0.85, 0.9, 0.95 and 1
  REQUIRE(points.size() == 3);
  for (size_t i = 0; i < shares.size(); ++i) {
    CHECK(points[i] == Approx(ticks[0] + (ticks[4] - ticks[0]) * (shares[i] - 0.8) / 0.2).margin(0.01));
  }
}

namespace {

// Returns four panels with a box of one value for each name.
io::BoxPlots plots_of(const std::vector<std::string>& names, const std::string& detail = "detail") {
  io::BoxPlots plots{.heading = "heading", .detail = detail, .panels = {}};
  for (int panel = 0; panel < 4; ++panel) {
    plots.panels.push_back({.title = "share", .boxes = {}});
    for (const std::string& name : names) plots.panels.back().boxes.push_back(box_of(name, {0.5}));
  }
  return plots;
}

int height_of(const io::BoxPlots& plots) {
  return test::Picture(io::box_plot_png(plots)).height();
}

constexpr int kRow = 400, kAround = 106;  // points: a row of panels; heading and footer

}  // namespace

TEST_CASE("level names of boxes have fewer panels in a row where they are long", "[evaluate]") {
  CHECK(height_of(plots_of({"WT", "TC", "ET"})) == kAround + kRow);
  CHECK(height_of(plots_of({"anterior hippocampus", "posterior hippocampus"})) == kAround + 2 * kRow);
}

TEST_CASE("a long caption has several lines", "[evaluate]") {
  std::string caption;
  for (int i = 0; i < 32; ++i) caption += fmt::format("region {} of the nucleus, ", i);
  const int more = height_of(plots_of({"a"}, caption)) - height_of(plots_of({"a"}));
  CHECK((more > 0 && more % 16 == 0));
  CHECK(more < 32 * 16);
}

// By hand: 32 boxes need 16 points each, which two panels in a row have: 515 / 32, from 78 on. The axis is 418 points
// below the upper edge.
TEST_CASE("names that are longer than a row of boxes are upright, and no two overlap", "[evaluate]") {
  const std::string name = "a name that has forty letters, jpgq jpgq";
  REQUIRE(name.size() == 40);
  const test::Picture picture(io::box_plot_png(plots_of(std::vector<std::string>(32, name))));
  const int names = (picture.height() - kAround) / 2 - kRow;
  CHECK((names > 40 * 4 && names < 40 * 12));
  const auto dark = [&](double x) {
    int count = 0;
    for (int y = 418 + 12; y < 418 + names; ++y) count += picture.at(static_cast<int>(x), y).green < 128;
    return count;
  };
  constexpr double slot = 515.0 / 32;
  for (int i = 0; i < 32; ++i) {
    INFO(i);
    const double left = 78 + slot * i;
    CHECK(dark(left + slot / 2) > 20);  // through the letters
    CHECK(dark(left + slot) == 0);      // between two names
  }
}
