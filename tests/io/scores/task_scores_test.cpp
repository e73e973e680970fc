// Tests that an evaluation, its files and a comparison go by the regions of the cases' task, with boxes whose scores
// are known by hand.
#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "io/scores/comparison.h"
#include "io/scores/score_tables.h"
#include "io/task/brats_task.h"
#include "tests/io/mask_shapes.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using io::Task;

namespace {

constexpr double kRounding = 1e-12;  // the last digits of a few operations
constexpr Index3 kSize = {32, 8, 8};
constexpr uint8_t kFront = 10, kBack = 20;  // values in files

io::LabelProfile hippocampus() {
  const auto task =
      std::make_shared<const Task>("hippocampus", std::vector<std::string>{"MRI"},
                                   std::vector<Task::Label>{{0, "background"}, {1, "front"}, {2, "back"}},
                                   std::vector<Task::Region>{{"Posterior", {2}, 2, "back half"}, {"Anterior", {1}, 1}});
  return {"of the test", task, {{0, 0}, {kFront, 1}, {kBack, 2}}};
}

struct Box {
  int64_t x;  // where its 8 x 4 x 4 voxels begin
  uint8_t value;
};

io::SegmentationPair write_pair(const TemporaryFolder& folder, const std::string& name, const io::LabelProfile& labels,
                                const std::vector<Box>& reference, const std::vector<Box>& prediction) {
  const auto write = [&](const std::string& file, const std::vector<Box>& boxes) {
    std::vector<uint8_t> values(static_cast<size_t>(kSize[0] * kSize[1] * kSize[2]));
    for (const Box& box : boxes) {
      const std::vector<uint8_t> mask = mask_of(kSize, block({box.x, 2, 2}, {8, 4, 4}));
      for (size_t i = 0; i < values.size(); ++i) values[i] = mask[i] != 0 ? box.value : values[i];
    }
    io::write_nifti(folder / file, io::make_nifti_header(kSize, {1, 1, 1}), values);
    return folder / file;
  };
  return {name, write(name + "_seg.nii", reference), write(name + ".nii", prediction), {labels, "a test"}};
}

const std::vector<Box> kTruth = {{2, kFront}, {18, kBack}};

// In case a, the back is moved by two voxels. In case b, front and back are exchanged.
std::vector<io::SegmentationPair> wrong_pairs(const TemporaryFolder& folder) {
  return {write_pair(folder, "a", hippocampus(), kTruth, {{2, kFront}, {20, kBack}}),
          write_pair(folder, "b", hippocampus(), kTruth, {{2, kBack}, {18, kFront}})};
}

io::ScoreOptions options() {
  return io::score_options_of({.nsd = io::Nsd::edge, .nsd_tolerances = {1}});
}

io::ScoreFile read_back(const std::filesystem::path& path, const io::Evaluation& evaluation) {
  write_bytes(path, io::json_of(evaluation, options()));
  return io::read_score_file(path);
}

// Returns the first rows of a table, up to the line that begins with `end`.
std::vector<std::string> rows_of(const std::string& table, const std::string& end) {
  std::istringstream stream(table);
  std::vector<std::string> rows;
  for (std::string line; std::getline(stream, line) && !line.starts_with(end);) rows.push_back(line);
  return rows;
}

}  // namespace

// By hand: of 128 voxels, the moved box has 96 in common, and 32 of the 1920 others are wrong. Of the 104 voxels of its
// edge, the 16 of an end lie 2 mm from the other's edge, and the others at most 1 mm. Exchanged boxes lie 16 mm apart.
TEST_CASE("cases are scored in the regions of their task", "[evaluate]") {
  const TemporaryFolder folder;
  const io::Evaluation evaluation = io::score_cases(wrong_pairs(folder), options());
  REQUIRE((evaluation.task->name() == "hippocampus" && evaluation.cases.size() == 2));
  const auto check = [&](size_t of_case, size_t region, double dice, double hd95, double nsd, double specificity) {
    INFO(of_case << " " << region);
    const io::MaskMetrics& got = evaluation.cases[of_case].regions.at(region).masks;
    CHECK((got.reference_voxels == 128 && got.prediction_voxels == 128));
    CHECK(got.dice == near(dice, kRounding));
    CHECK(got.hd95 == near(hd95, kRounding));
    CHECK(got.nsd.at(0) == near(nsd, kRounding));
    CHECK(got.sensitivity == near(dice, kRounding));  // both masks have as many voxels
    CHECK(got.specificity == near(specificity, kRounding));
  };
  CHECK(evaluation.cases[0].regions.size() == 2);
  check(0, 0, 0.75, 2, 88.0 / 104, 1 - 32.0 / 1920);
  check(0, 1, 1, 0, 1, 1);
  check(1, 0, 0, 16, 0, 1 - 128.0 / 1920);
  check(1, 1, 0, 16, 0, 1 - 128.0 / 1920);
  CHECK(io::summarise(evaluation.cases, 0, io::metrics_of(options())[0])->mean == near(0.375, kRounding));
}

TEST_CASE("tables, CSV and JSON have the names of the task's regions", "[evaluate]") {
  const TemporaryFolder folder;
  const io::Evaluation evaluation = io::score_cases(wrong_pairs(folder), options());
  const std::string table = io::table_of(evaluation, options());
  CHECK(
      table.starts_with("case                     Dice   HD95 mm  sensitivity  specificity  NSD 1 mm\n"
                        "a          Posterior   0.7500     2.000       0.7500     0.983333    0.8462\n"
                        "a          Anterior    1.0000     0.000       1.0000     1.000000    1.0000\n"));
  CHECK_THAT(table, ContainsSubstring("\nmean       Posterior   0.3750     9.000       0.3750 ") &&
                        ContainsSubstring("\nmean       Anterior    0.5000     8.000       0.5000 ") &&
                        ContainsSubstring("\nAnterior: reference empty in 0 of 2 cases, prediction empty in 0") &&
                        ContainsSubstring("\nlabels: of the test (0 background, 10 front, 20 back), from a test\n"));
  const std::string csv = io::csv_of(evaluation, options());
  CHECK_THAT(csv, ContainsSubstring("\na,Posterior,0.75,2,0.75,0.98") && ContainsSubstring("\na,Anterior,1,0,1,1,1,") &&
                      ContainsSubstring("\nb,Posterior,0,16,0,") && ContainsSubstring("\nb,Anterior,0,16,0,"));
  const auto report = nlohmann::ordered_json::parse(io::json_of(evaluation, options()));
  CHECK(report.at("cases")[0].at("Posterior").at("dice") == 0.75);
  CHECK(report.at("mean").at("Anterior").at("dice") == 0.5);
  for (const char* part : {"mean", "median", "defined", "empty"}) {
    CHECK((report.at(part).size() == 2 && report.at(part).begin().key() == "Posterior"));  // in the task's order
  }
}

// By hand: exact predictions have Dice 1 and HD95 0, the others as above.
TEST_CASE("files of scores are compared in the regions that they have", "[compare]") {
  const TemporaryFolder folder;
  const io::ScoreFile first = read_back(folder / "1.json", io::score_cases(wrong_pairs(folder), options()));
  CHECK(first.regions == std::vector<std::string>{"Posterior", "Anterior"});
  CHECK(first.cases.at("a").regions.at("Posterior").metrics.at("dice") == 0.75);
  std::vector<io::SegmentationPair> exact = {write_pair(folder, "a", hippocampus(), kTruth, kTruth),
                                             write_pair(folder, "b", hippocampus(), kTruth, kTruth)};
  const io::ScoreFile second = read_back(folder / "2.json", io::score_cases(exact, options()));
  const std::vector<io::MetricComparison> rows = io::compare_score_files(first, second, {});
  REQUIRE(rows.size() == 2 * 5);
  const auto check = [&](const std::string& region, const std::string& metric, double mean, double difference) {
    INFO(region << " " << metric);
    const auto row =
        std::ranges::find_if(rows, [&](const auto& r) { return r.region == region && r.metric == metric; });
    REQUIRE((row != rows.end() && row->pairs == 2 && row->statistics));
    CHECK(row->statistics->mean_first == near(mean, kRounding));
    CHECK(row->statistics->difference == near(difference, kRounding));
  };
  check("Posterior", "dice", 0.375, 0.625);
  check("Posterior", "hd95_mm", 9, -9);
  check("Anterior", "dice", 0.5, 0.5);
  check("Anterior", "hd95_mm", 8, -8);
  CHECK_THAT(io::comparison_table(first, second, rows, {}),
             ContainsSubstring("region     metric       pairs  undefined      first     second  difference ") &&
                 ContainsSubstring("\nPosterior  dice             2          0      0.375          1       0.625 ") &&
                 ContainsSubstring("\nAnterior   dice             2          0        0.5          1         0.5 "));
  const auto report = nlohmann::json::parse(io::comparison_json(first, second, rows, {}));
  CHECK(report.at("comparisons").at("Posterior").at("hd95_mm").at("difference") == -9);
}

TEST_CASE("files of scores of other regions are refused with both lists", "[compare]") {
  const TemporaryFolder folder;
  const io::Evaluation ours = io::score_cases({write_pair(folder, "a", hippocampus(), kTruth, kTruth)}, options());
  const io::Evaluation brats =
      io::score_cases({write_pair(folder, "a", io::LabelProfile::brats(), {{2, 4}}, {{2, 4}})}, options());
  const io::ScoreFile first = read_back(folder / "1.json", ours), second = read_back(folder / "2.json", brats);
  CHECK(second.regions == std::vector<std::string>{"WT", "TC", "ET"});
  CHECK_THAT(message_of<DataError>([&] { io::compare_score_files(first, second, {}); }),
             ContainsSubstring("2.json] expected scores of the regions Posterior, Anterior, as ") &&
                 ContainsSubstring("1.json has them, got WT, TC, ET; compare scores of one task"));
  auto empty = nlohmann::json::parse(io::json_of(ours, options()));
  empty.at("mean") = nlohmann::json::object();
  write_bytes(folder / "3.json", empty.dump());
  CHECK_THAT(message_of<DataError>([&] { io::read_score_file(folder / "3.json"); }),
             ContainsSubstring("3.json] expected scores of regions, got none"));
  write_bytes(folder / "4.json", R"({"scoring": "none", "mean": {"WT": {}, "WT": {}}})");
  CHECK_THAT(message_of<DataError>([&] { io::read_score_file(folder / "4.json"); }),
             ContainsSubstring("4.json] expected each key of an object once, got \"WT\" twice"));
}

TEST_CASE("an evaluation has one task, whoever made it", "[evaluate]") {
  const TemporaryFolder folder;
  const io::SegmentationPair a = write_pair(folder, "a", hippocampus(), kTruth, kTruth),
                             b = write_pair(folder, "b", hippocampus(), kTruth, kTruth),
                             c = write_pair(folder, "c", io::LabelProfile::brats(), {{2, 4}}, {{2, 4}});
  REQUIRE(a.labels.profile.task() != b.labels.profile.task());
  CHECK(a.labels.profile.same_meanings(b.labels.profile));
  CHECK_FALSE(a.labels.profile.same_meanings(c.labels.profile));
  CHECK(io::score_cases({a, b}, options()).cases.size() == 2);
  CHECK_THAT(message_of<DataError>([&] {
               io::score_cases({a, b, c}, options());
             }),
             ContainsSubstring("c_seg.nii] expected labels of the task of ") &&
                 ContainsSubstring(
                     "a_seg.nii, which is hippocampus (modalities MRI; labels 0 background, 1 front, 2 back; regions "
                     "Posterior 2, Anterior 1), got brats (modalities t1, t1ce, t2, flair; labels 0 background, 1 "
                     "core, 2 oedema, 4 "
                     "enhancing; regions WT 1+2+4, TC 1+4, ET 4)"));
  const auto named = std::make_shared<const Task>("odd", std::vector<std::string>{"MRI"},
                                                  std::vector<Task::Label>{{0, "background"}, {1, "front"}},
                                                  std::vector<Task::Region>{{"labels", {1}, 1}});
  const io::LabelProfile odd("odd", named, {{0, 0}, {kFront, 1}});
  CHECK_THAT(message_of<DataError>([&] {
               io::score_cases({write_pair(folder, "d", odd, {{2, kFront}}, {{2, kFront}})}, options());
             }),
             ContainsSubstring("[task odd] expected names of regions other than case and labels"));
}

// Region r has a name of r + 1 + 8 letters. The last one needs quotes in a CSV.
TEST_CASE("tables of 32 regions with long names are aligned", "[evaluate][compare]") {
  const TemporaryFolder folder;
  std::vector<Task::Label> labels = {{0, "background"}};
  std::vector<Task::Region> regions;
  std::vector<io::LabelProfile::Meaning> meanings = {{0, 0}};
  for (size_t r = 0; r < io::kMostRegions; ++r) {
    const auto label = static_cast<uint8_t>(r + 1);
    labels.push_back({label, fmt::format("part {}", label)});
    regions.push_back(
        {r == 31 ? "the left, \"lateral\" part of the nucleus" : fmt::format("{:x<{}}", label, r + 9), {label}, label});
    meanings.push_back({label, label});
  }
  REQUIRE(regions[31].name.size() == 39);
  const auto task = std::make_shared<const Task>("nuclei", std::vector<std::string>{"MRI"}, labels, regions);
  const io::LabelProfile profile("nuclei", task, meanings);
  const io::Evaluation evaluation =
      io::score_cases({write_pair(folder, "a", profile, {{2, 1}, {18, 32}}, {{2, 1}, {20, 32}})}, options());
  const std::vector<std::string> rows = rows_of(io::table_of(evaluation, options()), "1xx");
  CHECK(rows.size() == 1 + 32 + 5 * 32);
  for (const std::string& row : rows) CHECK(row.size() == rows[0].size());
  CHECK_THAT(rows[32], ContainsSubstring("a          the left, \"lateral\" part of the nucleus   0.7500     2.000 "));
  CHECK_THAT(io::csv_of(evaluation, options()),
             ContainsSubstring("\na,\"the left, \"\"lateral\"\" part of the nucleus\",0.75,2,0.75,"));

  const io::ScoreFile file = read_back(folder / "1.json", evaluation);
  CHECK(file.regions.size() == 32);
  CHECK(file.regions[31] == regions[31].name);
  const auto compared = io::compare_score_files(file, file, {.resamples = 100});
  CHECK(compared.size() == 32 * 5);
  const std::vector<std::string> lines = rows_of(io::comparison_table(file, file, compared, {}), "first: ");
  REQUIRE(lines.size() == 1 + 32 * 5);
  const size_t pairs_end = lines[0].find("  undefined");
  for (size_t i = 1; i < lines.size(); ++i) CHECK(lines[i].substr(pairs_end - 3, 14) == "  1          0");
}

// Voxels count as if they were not there: of 2048, 128 are ignored. 128 lie in the front, and 128 are wrongly found.
TEST_CASE("voxels that a reference says to ignore count in no score", "[evaluate]") {
  constexpr uint8_t kIgnored = 30;
  const TemporaryFolder folder;
  Task::Rules rules{.exclusive = true, .ignored = uint8_t{3}, .normalisations = {}};
  const auto task =
      std::make_shared<const Task>("front", std::vector<std::string>{"MRI"},
                                   std::vector<Task::Label>{{0, "background"}, {1, "front"}, {3, "ignore"}},
                                   std::vector<Task::Region>{{"Anterior", {1}, 1}}, rules);
  const io::LabelProfile profile("front", task, {{0, 0}, {kFront, 1}, {kIgnored, 3}});
  const io::CaseScore score = io::score_case(
      write_pair(folder, "a", profile, {{2, kFront}, {18, kIgnored}}, {{2, kFront}, {10, kFront}, {18, kFront}}),
      options());
  const io::MaskMetrics& masks = score.regions.at(0).masks;
  CHECK(masks.dice == near(2 * 128 / 384.0, kRounding));
  CHECK(masks.sensitivity == 1);
  CHECK(masks.specificity == near((2048 - 128 - 128 - 128) / (2048.0 - 128 - 128), kRounding));
  const std::vector<uint8_t> reference = {1, 1, 0, 3, 3}, prediction = {1, 0, 0, 1, 0};
  CHECK(io::region_dice(*task, reference, prediction) == std::vector<double>{2 / 3.0});
}
