// Tests the page of a run: its numbers against a log written by hand, its form by an XML parser.

#include <regex>

#include "models/training/report/report.h"
#include "models/training/report/run_log.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
namespace fs = std::filesystem;

namespace {

constexpr const char* kHeader =
    "epoch,step,learning_rate,loss,loss_wt,loss_tc,loss_et,dice_wt,dice_tc,dice_et,training_seconds,waiting_seconds,"
    "validation_seconds,peak_allocated_bytes,peak_reserved_bytes,peak_parameter_bytes,peak_gradient_bytes,"
    "peak_optimiser_bytes,peak_input_bytes,peak_saved_activation_bytes,peak_sequence_output_bytes,"
    "peak_forward_scratch_bytes,peak_backward_scratch_bytes,peak_workspace_bytes,peak_other_bytes\n";
// There are five epochs, three of them validated. The best mean Dice is the second's, (0.7 + 0.8 + 0.9) / 3. The third
// has the highest peak, 3 MiB. The run takes 100 s in all: 80 of training, 20 of them waiting, and 20 of validation.
constexpr const char* kRows =
    "1,10,0.001,2.4,0.9,0.8,0.7,0.100000,0.200000,0.300000,16,4,10,1048576,2097152,1048576,0,0,0,0,0,0,0,0,0\n"
    "2,20,0.001,2.1,0.8,0.7,0.6,0.700000,0.800000,0.900000,16,4,5,2097152,4194304,1048576,0,0,0,0,1048576,0,0,0,0\n"
    "3,30,0.001,1.8,0.7,0.6,0.5,,,,16,4,0,3145728,5242880,1048576,0,0,0,0,2097152,0,0,0,0\n"
    "4,40,0.0002,1.5,0.6,0.5,0.4,0.600000,0.700000,0.800000,16,4,5,2097152,4194304,1048576,0,0,0,0,1048576,0,0,0,0\n"
    "5,50,0.0002,1.2,0.5,0.4,0.3,,,,16,4,0,2097152,4194304,1048576,0,0,0,0,1048576,0,0,0,0\n";

// Writes a run's folder named "first & <best>", with all that a page can show.
fs::path write_run(const TemporaryFolder& folder) {
  const fs::path run = folder / "first & <best>";
  fs::create_directories(run / "previews");
  write_bytes(run / "log.csv", std::string(kHeader) + kRows);
  write_bytes(run / "config.toml",
              "data = \"a <b> & c\"\nmodel = \"reversible\"\nepochs = 7\nlr = 0.001\naccumulate = 1\nsize = "
              "\"32,32,32\"\npatch = \"full\"\n");
  write_bytes(
      run / "train.log",
      "2026-11-28 09:05:00 started on tower by revunet-train 9.9, labels brats2023: revunet-train --data 'a b' "
      "--out run\n2026-11-28 09:05:01 epoch 1/7  loss\n2026-11-28 09:06:00 memory, all: 6 MiB\n"
      "2026-11-29 10:00:00 resumed on other by revunet-train 9.10, labels brats2023: revunet-train --resume run\n"
      "2026-11-29 10:10:00 memory, all: 7 MiB\n2026-11-29 10:10:00 memory trace of the first steps in x\n");
  write_bytes(run / "split.json", R"({"training": ["A", "B", "C"], "validation": ["D"]})");
  write_bytes(run / "previews/D.png", "foobar");  // only carried
  write_bytes(run / "memory.svg", "fooba");
  return run;
}

// Returns the number of points of each line, by the chart's title and the series' name.
std::map<std::string, size_t> points_of_lines(const std::string& page) {
  std::map<std::string, size_t> points;
  const std::regex chart("<svg [^>]*aria-label=\"([^\"]*)\">([^]*?)</svg>");
  const std::regex line("<polyline class=\"series\" data-name=\"([^\"]*)\"[^>]*points=\"([^\"]*)\"");
  for (std::sregex_iterator c(page.begin(), page.end(), chart), end; c != end; ++c) {
    const std::string title = (*c)[1], body = (*c)[2];
    for (std::sregex_iterator s(body.begin(), body.end(), line); s != end; ++s) {
      const std::string list = (*s)[2];
      points[title + ": " + (*s)[1].str()] = static_cast<size_t>(std::count(list.begin(), list.end(), ','));
    }
  }
  return points;
}

// Fails unless an XML parser accepts the page and finds nothing in it that comes from elsewhere.
void expect_one_whole_page(const fs::path& page) {
  if (std::system("python3 -c '' >/dev/null 2>&1") != 0) {
    skip("python3, whose XML parser this is for, is not there");
    return;
  }
  constexpr const char* parser = R"python(
import sys, xml.etree.ElementTree as tree
for e in tree.parse(sys.argv[1]).iter():
    assert e.tag not in ("script", "link", "iframe"), e.tag
    for name, value in e.attrib.items():
        assert name not in ("href", "srcset") and (name != "src" or value.startswith("data:")), (name, value[:80])
    assert "url(" not in (e.text or "") and "@import" not in (e.text or "")
)python";
  const TemporaryFolder folder;
  write_bytes(folder / "parse.py", parser);
  const int status =
      std::system(fmt::format("python3 '{}' '{}'", (folder / "parse.py").string(), page.string()).c_str());
  CHECK(status == 0);
}

}  // namespace

TEST_CASE("a run's page has the numbers of its log", "[report]") {
  const TemporaryFolder folder;
  const fs::path run = write_run(folder);
  const ToolResult got = run_tool("revunet-report", fmt::format("'{}'", run.string()));
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("report.html"));
  const std::string page = read_bytes(run / "report.html");
  expect_one_whole_page(run / "report.html");
  const auto tile = [](const std::string& what, const std::string& value, const std::string& more) {
    return ContainsSubstring(fmt::format(
        "<div class=\"what\">{}</div><div class=\"value\">{}</div><div class=\"more\">{}</div>", what, value, more));
  };
  CHECK_THAT(page, tile("Epochs", "5 of 7", "50 optimiser steps"));
  CHECK_THAT(page, tile("Best validation Dice", "0.8000", "epoch 2: WT 0.700 · TC 0.800 · ET 0.900"));
  CHECK_THAT(page, tile("Loss", "1.2000", "WT 0.500 · TC 0.400 · ET 0.300"));
  CHECK_THAT(page, tile("Time", "1:40 min", "60 % computing, 20 % waiting for data, 20 % validating"));
  CHECK_THAT(page, tile("Tensors in training, peak", "3.0 MiB", "5.0 MiB reserved for them on the device"));
  CHECK_THAT(page, tile("Cases", "4", "3 training, 1 validation"));
  CHECK_THAT(page, ContainsSubstring("sequence output</td><td>2.0</td><td>66.7</td>") &&
                       ContainsSubstring("<td>all</td><td>3.0</td><td>100.0</td>"));
  CHECK_THAT(page, ContainsSubstring("Started 2026-11-28 09:05:00 (local time) on tower by revunet-train 9.9; "
                                     "segmentations with the labels of brats2023.") &&
                       ContainsSubstring("<code>revunet-train --data 'a b' --out run</code>") &&
                       ContainsSubstring("Resumed once, at last 2026-11-29 10:00:00 on other by revunet-train 9.10:") &&
                       ContainsSubstring("memory, all: 7 MiB") && !ContainsSubstring("memory, all: 6 MiB"));
  CHECK_THAT(page, ContainsSubstring("<span>1 sample</span>") &&
                       ContainsSubstring("<span>32,32,32 voxels (x,y,z)</span>") &&
                       ContainsSubstring("<span>full</span>"));
  CHECK_THAT(page, ContainsSubstring(">seconds</text>") && ContainsSubstring(">MiB</text>"));
  CHECK_THAT(page, ContainsSubstring("best: epoch 2"));
  CHECK_THAT(page, ContainsSubstring("first &#38; &#60;best&#62;") && ContainsSubstring("a &#60;b&#62; &#38; c"));
  CHECK_THAT(page, ContainsSubstring("src=\"data:image/png;base64,Zm9vYmFy\""));  // RFC 4648's "foobar"
  CHECK_THAT(page, ContainsSubstring("src=\"data:image/svg+xml;base64,Zm9vYmE=\""));
  // The mouse shows this.
  CHECK_THAT(page, ContainsSubstring("<title>epoch 4\nWT: 0.6000\nTC: 0.7000\nET: 0.8000\nmean: 0.7000</title>"));
  CHECK_THAT(page, ContainsSubstring(
                       "<title>epoch 1\ncomputing: 12.00 s\nwaiting for data: 4.00 s\nvalidation: 10.00 s</title>"));
  CHECK_THAT(page, ContainsSubstring("<title>epoch 3\nparameter: 1.0 MiB\nsequence output: 2.0 MiB</title>"));
  // Losses have one point per epoch, and Dice one per epoch that was validated.
  const std::string loss = "Loss, mean over the epoch's samples: ", dice = "Validation Dice: ";
  const std::map<std::string, size_t> expected = {{loss + "WT", 5},   {loss + "TC", 5},          {loss + "ET", 5},
                                                  {dice + "WT", 3},   {dice + "TC", 3},          {dice + "ET", 3},
                                                  {dice + "mean", 3}, {"Learning rate: Adam", 5}};
  CHECK(points_of_lines(page) == expected);
}

TEST_CASE("a page needs no more than a log, and says what is wrong with one", "[report]") {
  const TemporaryFolder folder;
  const auto with_log = [&](const std::string& log) {
    write_bytes(folder / "log.csv", log);
    return run_tool("revunet-report", fmt::format("'{0}' --out '{0}/page.html'", folder.path().string()));
  };
  REQUIRE(with_log(std::string(kHeader) + "1,2,0.0001,3,1,1,1,,,,5,0,0,8,8,8,0,0,0,0,0,0,0,0,0\n").exit_code == 0);
  expect_one_whole_page(folder / "page.html");
  CHECK_THAT(read_bytes(folder / "page.html"),
             ContainsSubstring("Lowest loss") && !ContainsSubstring("aria-label=\"Validation Dice") &&
                 ContainsSubstring("No epoch was validated: there is no Dice to show.") &&
                 ContainsSubstring("There is no train.log that says when") &&
                 ContainsSubstring("No prediction was drawn") && ContainsSubstring("There is no config.toml") &&
                 ContainsSubstring("There is no split.json"));
  REQUIRE(with_log(kHeader).exit_code == 0);
  CHECK_THAT(read_bytes(folder / "page.html"), ContainsSubstring("No epoch is finished yet"));
  for (const auto& [log, reason] : {std::pair<std::string, std::string>{"", "empty file"},
                                    {"epoch,step\n1,2\n", "expected a column learning_rate"},
                                    {std::string(kHeader) + "1,2\n", "expected 25 values in line 2, got 2"},
                                    {"epoch\nx1\n", "expected a number under epoch in line 2, got 'x1'"}}) {
    const ToolResult got = with_log(log);
    CHECK(got.exit_code == 3);
    CHECK_THAT(got.errors, ContainsSubstring("log.csv]") && ContainsSubstring(reason));
  }
  CHECK(run_tool("revunet-report", fmt::format("'{}'", (folder / "none").string())).exit_code == 3);
}

TEST_CASE("what shows a run leaves its bits alone, and does not end it", "[report][train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4);
  const std::string options = "--channels 4,8 --size 16,16,16 --val-fraction 0.5 --epochs 2 ";
  REQUIRE(train(data, folder / "shown", options).exit_code == 0);
  REQUIRE(train(data, folder / "quiet", options + "--no-tensorboard --previews 0").exit_code == 0);
  CHECK(read_bytes(folder / "shown/last.safetensors") == read_bytes(folder / "quiet/last.safetensors"));
  CHECK_FALSE(fs::exists(folder / "quiet/tensorboard"));
  CHECK_FALSE(fs::exists(folder / "quiet/previews"));
  expect_one_whole_page(folder / "quiet/report.html");
  expect_one_whole_page(folder / "shown/report.html");
  // The page of a folder is that of its run, and has its pictures: those of two cases.
  REQUIRE(run_tool("revunet-report",
                   fmt::format("'{}' --out '{}'", (folder / "shown").string(), (folder / "again.html").string()))
              .exit_code == 0);
  CHECK(read_bytes(folder / "again.html") == read_bytes(folder / "shown/report.html"));
  CHECK_THAT(read_bytes(folder / "shown/memory.svg"), StartsWith("<?xml") && ContainsSubstring("<svg"));
  CHECK_THAT(read_bytes(folder / "shown/report.html"), ContainsSubstring("src=\"data:image/svg+xml;base64,"));
  const auto pictures = fs::directory_iterator(folder / "shown/previews");
  CHECK(std::distance(begin(pictures), end(pictures)) == 2);

  fs::remove_all(folder / "shown/tensorboard");
  write_bytes(folder / "shown/tensorboard", "a file where a folder is to be");
  const ToolResult got =
      run_tool("revunet-train", fmt::format("--resume '{}' --epochs 3", (folder / "shown").string()), patient_threads);
  CHECK(got.exit_code == 0);
  CHECK_THAT(got.output,
             ContainsSubstring("warning: ") && ContainsSubstring("the run goes on without events for TensorBoard"));
  CHECK_THAT(read_bytes(folder / "shown/report.html"), ContainsSubstring("3 of 3"));
}
