// Tests axes, which every chart has the same: where they put ticks, labels, units and titles.

#include "io/pictures/axes.h"
#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::ContainsSubstring;

namespace {

io::Axes example() {
  const io::LinearScale scale{.low = 0, .high = 10, .at_low = 200, .at_high = 100};
  io::Axes axes{.left = 60, .right = 160, .top = 100, .bottom = 200};
  axes.values = io::labelled_ticks(scale, 2);  // 0, 5 and 10
  axes.below = {{110, "middle"}};
  axes.title = "a <title>";
  axes.unit = "mm";
  axes.title_below = "epoch";
  return axes;
}

}  // namespace

TEST_CASE("a scale puts values evenly between its ends", "[report]") {
  const io::LinearScale scale{.low = -1, .high = 3, .at_low = 200, .at_high = 100};
  CHECK(scale.at(-1) == 200);
  CHECK(scale.at(0) == 175);
  CHECK(scale.at(3) == 100);
  const auto ticks = io::labelled_ticks({.low = 0, .high = 3000, .at_low = 0, .at_high = 300}, 3);
  REQUIRE(ticks.size() == 4);
  CHECK(ticks[2].at == Approx(200));
  CHECK(ticks[2].label == "2,000");
}

TEST_CASE("axes on a page are elements whose classes say what they are", "[report]") {
  io::PageSurface page;
  io::draw_grid(page, example());
  // The line is at half of the scale, half way up, from side to side.
  CHECK_THAT(page.elements(),
             ContainsSubstring("<line x1=\"60.0\" y1=\"150.0\" x2=\"160.0\" y2=\"150.0\" class=\"grid\"/>"));
  io::draw_axes(page, example());
  CHECK_THAT(page.elements(),
             ContainsSubstring("<line x1=\"60.0\" y1=\"100.0\" x2=\"60.0\" y2=\"200.0\" class=\"axis\"/>") &&
                 ContainsSubstring("<line x1=\"60.0\" y1=\"200.0\" x2=\"160.0\" y2=\"200.0\" class=\"axis\"/>"));
  CHECK_THAT(page.elements(),
             ContainsSubstring("class=\"title\" text-anchor=\"start\">a &#60;title&#62;<") &&
                 ContainsSubstring("class=\"label\" text-anchor=\"end\">mm<") &&
                 ContainsSubstring("class=\"label\" text-anchor=\"end\">10<") && ContainsSubstring("x=\"110.0\"") &&
                 ContainsSubstring("class=\"label\" text-anchor=\"middle\">middle<") &&
                 ContainsSubstring("x=\"160.0\"") && ContainsSubstring("class=\"label\" text-anchor=\"end\">epoch<"));
}

TEST_CASE("a broken axis ends at its break, and two strokes cross it", "[report]") {
  io::Axes axes = example();
  axes.broken_at = 140;
  io::PageSurface page;
  io::draw_axes(page, axes);
  CHECK_THAT(page.elements(),
             ContainsSubstring("<line x1=\"60.0\" y1=\"140.0\" x2=\"60.0\" y2=\"200.0\" class=\"axis\"/>"));
  // Both lie between the break and the area's upper edge.
  CHECK_THAT(page.elements(),
             ContainsSubstring("<line x1=\"55.0\" y1=\"120.0\" x2=\"65.0\" y2=\"114.0\" class=\"axis\"/>") &&
                 ContainsSubstring("<line x1=\"55.0\" y1=\"126.0\" x2=\"65.0\" y2=\"120.0\" class=\"axis\"/>"));
}

TEST_CASE("a canvas draws the same axes: a line for each line, and every word", "[report]") {
  const std::string svg = io::svg_of(200, 250, [](io::Canvas& canvas) {
    io::CanvasSurface surface(canvas);
    io::draw_grid(surface, example());
  });
  size_t lines = 0;
  for (size_t at = svg.find("stroke-width"); at != std::string::npos; at = svg.find("stroke-width", at + 1)) ++lines;
  CHECK(lines == 3);
}
