// Tests what revunet-evaluate's box plots say of the regions of a task.
#include "tools/evaluate/score_plots.h"

#include "io/pictures/region_colours.h"
#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::StartsWith;
using io::Task;

namespace {

// Returns the box plots of a case in which region r has a Dice of 1 / (r + 1).
io::BoxPlots plots_of(const io::LabelProfile& labels) {
  io::CaseScore score{.name = "a", .labels = {labels, "a test"}};
  for (size_t r = 0; r < labels.task()->regions().size(); ++r) {
    score.regions.push_back({.masks = {.dice = 1 / static_cast<double>(r + 1)}, .lesions = {}});
  }
  return tools::box_plots_of({.task = labels.task(), .cases = {score}}, {});
}

}  // namespace

TEST_CASE("box plots have a box for each of the task's regions, and say what it means", "[evaluate]") {
  CHECK(plots_of(io::LabelProfile::brats()).detail ==
        "WT whole tumour, TC tumour core, ET enhancing tumour; scoring brats2021; HD95 by the definition pooled");

  std::vector<Task::Label> labels = {{0, "background"}};
  std::vector<Task::Region> regions;
  std::vector<io::LabelProfile::Meaning> meanings = {{0, 0}};
  for (uint8_t label = 1; label <= 8; ++label) {
    labels.push_back({label, fmt::format("part {}", label)});
    regions.push_back({fmt::format("P{}", label), {label}, label, label == 2 ? "second part" : ""});
    meanings.push_back({label, label});
  }
  const io::BoxPlots plots = plots_of(
      {"parts", std::make_shared<const Task>("parts", std::vector<std::string>{"MRI"}, labels, regions), meanings});
  CHECK_THAT(plots.detail, StartsWith("P1, P2 second part, P3, P4, P5, P6, P7, P8; scoring "));
  for (const io::BoxPanel& panel : plots.panels) REQUIRE(panel.boxes.size() == 8);
  const std::vector<io::BoxOfValues>& dice = plots.panels[0].boxes;
  CHECK((dice[6].name == "P7" && dice[6].values == std::vector<double>{1.0 / 7}));
  const io::Colour first = io::from_hex(io::kRegionColours[0]);  // the colours begin again after six
  CHECK((dice[6].colour.red == first.red && dice[6].colour.green == first.green && dice[6].colour.blue == first.blue));
}
