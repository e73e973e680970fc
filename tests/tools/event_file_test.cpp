// Tests event files of runs against TensorBoard's own reader.

#include "tests/support/catch.h"
#include "tests/support/tensorboard_reader.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

// Returns `step=value ...` for columns of a log.
std::string points(const std::vector<std::string>& steps, const std::vector<std::string>& values) {
  std::string text;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (!values[i].empty()) text += fmt::format("{}{}={:.6f}", text.empty() ? "" : " ", steps[i], std::stof(values[i]));
  }
  return text;
}

}  // namespace

TEST_CASE("TensorBoard reads from a run what its log has, also when it was resumed", "[report][train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 5), run = folder / "run";
  const std::string options = "--channels 4,8 --size 16,16,16 --val-fraction 0.4 --validate-every 2 --accumulate 2";
  REQUIRE(train(data, run, options + " --epochs 3").exit_code == 0);
  const std::string go_on = fmt::format("--resume '{}' --epochs 4 --previews 1", run.string());
  REQUIRE(run_tool("revunet-train", go_on, patient_threads).exit_code == 0);
  CHECK(event_files(run / "tensorboard").size() == 2);
  const auto read = read_by_tensorboard(run / "tensorboard");
  if (!read) return;
  const auto log = read_csv(run / "log.csv");
  const auto steps = column(log, "step");
  REQUIRE(steps == std::vector<std::string>{"2", "4", "6", "8"});  // of 3 cases, 2 a step
  for (const auto& [tag, name] : {std::pair{"loss/WT", "loss_wt"}, {"loss/ET", "loss_et"}, {"dice/TC", "dice_tc"}}) {
    INFO(tag);
    CHECK(read->at(tag) == points(steps, column(log, name)));
  }
  CHECK(read->at("epoch") == "2=1.000000 4=2.000000 6=3.000000 8=4.000000");
  // An epoch's mean is that of its samples: two of the first step, one of the second.
  std::istringstream of_steps(read->at("loss_of_step/WT"));
  std::vector<double> losses;
  for (std::string point; of_steps >> point;) {
    CHECK(std::stoi(point) == static_cast<int>(losses.size()) + 1);
    losses.push_back(std::stod(point.substr(point.find('=') + 1)));
  }
  REQUIRE(losses.size() == 8);
  for (size_t epoch = 0; epoch < 4; ++epoch) {
    const double mean = (2 * losses[2 * epoch] + losses[2 * epoch + 1]) / 3;
    CHECK(mean == Approx(std::stod(column(log, "loss_wt")[epoch])).margin(2e-6));
  }
  // There are two validation cases, and the resumed run draws one.
  std::map<std::string, std::string> pictures;
  for (const auto& [tag, values] : *read) {
    if (tag.starts_with("predictions/")) pictures[tag] = values;
  }
  REQUIRE(pictures.size() == 2);
  CHECK_THAT(pictures.begin()->second, ContainsSubstring("4=560x") && ContainsSubstring("8=560x"));
  CHECK_THAT(pictures.rbegin()->second, ContainsSubstring("4=560x") && !ContainsSubstring("8=560x"));
}
