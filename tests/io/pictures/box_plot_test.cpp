// Where box plots of an evaluation put cases: heights read off the drawing itself.
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <string>
#include <vector>

#include "io/pictures/box_plot.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

constexpr io::ScoreOptions lesion_wise{.hd95 = io::Hd95::surfel, .lesions = io::LesionRules{}};
constexpr size_t metrics = 6;  // the last is lesion-wise HD95

// In points of the picture, from the left and from above: where a path of the drawing begins.
struct Place {
  double x, y;
};

// The places of all paths whose style has `property` at 0.7. Older Cairos write styles, newer ones attributes.
std::vector<Place> places(const std::string& svg, const std::string& property) {
  const std::regex path("<path[^>]*" + property + "[:=]\"?0\\.7[\"; ][^>]* d=\"M ([-0-9.]+) ([-0-9.]+) [^>]*>");
  std::vector<Place> result;
  for (std::sregex_iterator at(svg.begin(), svg.end(), path), end; at != end; ++at) {
    result.push_back({std::strtod((*at)[1].str().c_str(), nullptr), std::strtod((*at)[2].str().c_str(), nullptr)});
  }
  return result;
}

// The panel of lesion-wise HD95: the last of two rows of three.
struct Panel {
  std::vector<double> points;  // heights of the whole tumour's, a case each
  std::vector<double> ticks;   // heights of the lines through the panel, from the lowest
};

// Draws cases with these lesion-wise HD95s of the whole tumour; those of the other regions are 0.
Panel draw(const std::vector<double>& lesion_hd95) {
  std::vector<io::CaseScore> scores;
  for (const double hd95 : lesion_hd95) {
    io::CaseScore score{.name = "case", .labels = {}, .regions = {}};
    for (io::RegionScore& region : score.regions) region.lesions = io::LesionMetrics{};
    score.regions[0].lesions->hd95 = hd95;
    scores.push_back(score);
  }
  const std::string svg = io::box_plot_svg(scores, lesion_wise);
  // Points are drawn by metric, region and case; a disc's path begins at the height of its centre.
  const std::vector<Place> discs = places(svg, "fill-opacity");
  REQUIRE(discs.size() == metrics * io::region_count * scores.size());
  Panel panel;
  const size_t first = (metrics - 1) * io::region_count * scores.size();
  for (size_t i = 0; i < scores.size(); ++i) panel.points.push_back(discs[first + i].y);
  constexpr double left = 800, above = 466;  // of the panel: 400 points a column, and a row of 400 below a header of 66
  for (const Place& line : places(svg, "stroke-width")) {
    if (line.x > left && line.y > above) panel.ticks.push_back(line.y);
  }
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
    CHECK(panel.points.back() >= panel.ticks.back() - 1);  // 374 is a hair above the tick of 373
  }
}

TEST_CASE("an axis on which measured distances come near the conventions is not broken", "[evaluate]") {
  // From 0 to the first multiple of 100 that holds all of them, with a tick at each.
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
