// Tests reports of logs that no sound run writes: they give a page or a clear refusal, never an endless loop.

#include <algorithm>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "models/training/report/report.h"
#include "models/training/report/run_log.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// The log has two epochs. Each test changes cells of the second.
std::string log_with(const std::map<std::string, std::string>& changed) {
  std::vector<std::string> names, cells;
  std::istringstream header(csv_header(*io::brats_task()));
  for (std::string name; std::getline(header, name, ',');) names.push_back(name);
  names.back().pop_back();  // the line break
  EpochRecord first;
  first.task = io::brats_task();
  first.epoch = 1, first.step = 10, first.learning_rate = 1e-4;
  first.loss = {0.5, 0.6, 0.7};
  first.training_seconds = 2;
  first.waiting_seconds = 1;
  EpochRecord second = first;
  second.epoch = 2, second.step = 20;
  std::istringstream row(csv_row(second));
  for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
  cells.back().pop_back();
  for (const auto& [name, value] : changed) {
    const auto at = std::ranges::find(names, name);
    REQUIRE(at != names.end());
    cells[static_cast<size_t>(at - names.begin())] = value;
  }
  return csv_header(*io::brats_task()) + csv_row(first) + fmt::format("{}\n", fmt::join(cells, ","));
}

std::string page_of(const TemporaryFolder& folder, const std::map<std::string, std::string>& changed) {
  write_bytes(folder / "log.csv", log_with(changed));
  return report_of(folder.path());
}

}  // namespace

TEST_CASE("a run whose learning rate reaches 0 has a page", "[report]") {
  const TemporaryFolder folder;
  for (const char* rate : {"0", "1e-320", "1e300"}) {
    INFO(rate);
    CHECK_THAT(page_of(folder, {{"learning_rate", rate}}), ContainsSubstring("Learning rate"));
  }
  CHECK_THAT(page_of(folder, {{"learning_rate", "0"}}), ContainsSubstring("1 of 2 values left out: not above 0"));
}

TEST_CASE("losses that are not finite are left out of the chart, with a word, and are not the lowest", "[report]") {
  const TemporaryFolder folder;
  for (const char* loss : {"inf", "-inf", "nan", "1e308"}) {
    INFO(loss);
    CHECK_THAT(page_of(folder, {{"loss_wt", loss}}),
               ContainsSubstring("1 of 6 values left out: too large, or not a number"));
  }
  CHECK(best_epoch(parse_log(log_with({{"loss_et", "nan"}}), "log.csv", io::brats_task()))->epoch == 1);
  CHECK(best_epoch(parse_log(log_with({{"loss_et", "0.1"}}), "log.csv", io::brats_task()))->epoch == 2);
}

TEST_CASE("what no run writes into its log is refused with its place", "[report]") {
  const auto refusal = [](const std::map<std::string, std::string>& changed) {
    return message_of<DataError>([&] { parse_log(log_with(changed), "run/log.csv", io::brats_task()); });
  };
  CHECK(refusal({{"learning_rate", "-1"}}) ==
        "[run/log.csv] expected a number from 0 to 1e+300 under learning_rate in line 3, got '-1'");
  CHECK_THAT(refusal({{"learning_rate", "nan"}}), ContainsSubstring("under learning_rate in line 3, got 'nan'"));
  CHECK_THAT(refusal({{"training_seconds", "inf"}}), ContainsSubstring("under training_seconds in line 3"));
  CHECK_THAT(refusal({{"waiting_seconds", "3"}}), ContainsSubstring("a number from 0 to 2 under waiting_seconds"));
  CHECK_THAT(refusal({{"dice_wt", "1.5"}, {"dice_tc", "0"}, {"dice_et", "0"}}), ContainsSubstring("from 0 to 1 under"));
  CHECK_THAT(refusal({{"epoch", "1"}}), ContainsSubstring("expected an epoch after 1 under epoch in line 3, got '1'"));
  CHECK_THAT(refusal({{"epoch", "-4"}}), ContainsSubstring("expected an epoch after 1"));
  CHECK_THAT(refusal({{"peak_allocated_bytes", "-1"}}),
             ContainsSubstring("expected a number under peak_allocated_bytes"));
}
