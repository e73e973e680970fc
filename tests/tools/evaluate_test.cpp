// Tests revunet-evaluate as a program: scores against closed forms and SciPy's, folder layouts, refusals with exit
// codes.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr double tolerance = 1e-12;  // all digits are written: only the last rounding may differ
constexpr std::array<int64_t, 3> grid_size = {16, 12, 12};

// Returns a cube of side 10 of one label, with its corner at (x, 1, 1).
std::vector<uint8_t> cube(int64_t corner_x, uint8_t label) {
  std::vector<uint8_t> labels;
  for (int64_t z = 0; z < grid_size[2]; ++z) {
    for (int64_t y = 0; y < grid_size[1]; ++y) {
      for (int64_t x = 0; x < grid_size[0]; ++x) {
        const bool inside = x >= corner_x && x < corner_x + 10 && y >= 1 && y < 11 && z >= 1 && z < 11;
        labels.push_back(inside ? label : 0);
      }
    }
  }
  return labels;
}

void write_labels(const fs::path& path, const std::vector<uint8_t>& labels, std::array<double, 3> spacing = {1, 1, 1}) {
  fs::create_directories(path.parent_path());
  io::write_nifti(path, io::make_nifti_header(grid_size, spacing), labels);
}

ToolResult evaluate(const fs::path& reference, const fs::path& prediction, const std::string& more = "") {
  return run_tool("revunet-evaluate",
                  fmt::format("--reference '{}' --prediction '{}' {}", reference.string(), prediction.string(), more));
}

double number(const nlohmann::json& value) {
  return value.get<double>();
}

}  // namespace

TEST_CASE("two files give the scores of the closed form, in mm", "[evaluate]") {
  const TemporaryFolder folder;
  const bool anisotropic = GENERATE(false, true);
  const std::array<double, 3> spacing = {anisotropic ? 2.0 : 1.0, 1, 1};
  write_labels(folder / "a_seg.nii.gz", cube(1, 4), spacing);
  write_labels(folder / "b.nii", cube(4, 4), spacing);
  const ToolResult got =
      evaluate(folder / "a_seg.nii.gz", folder / "b.nii", "--json '" + (folder / "s.json").string() + "'");
  REQUIRE(got.exit_code == 0);
  CHECK(got.errors.empty());
  CHECK_THAT(got.output, ContainsSubstring("HD95 in mm: 95th percentile") && ContainsSubstring("pooled"));
  const nlohmann::json report = read_json(folder / "s.json");
  CHECK(report.at("cases").size() == 1);
  CHECK(report.at("cases")[0].at("case") == "b");
  for (const char* region : {"WT", "TC", "ET"}) {
    const nlohmann::json& scores = report.at("cases")[0].at(region);
    CHECK(number(scores.at("dice")) == near(0.7, tolerance));
    CHECK(number(scores.at("hd95_mm")) == near(3 * spacing[0], tolerance));
    CHECK(number(scores.at("sensitivity")) == near(0.7, tolerance));
    CHECK(number(scores.at("specificity")) == near(1 - 300.0 / (16 * 12 * 12 - 1000), tolerance));
    CHECK(scores.at("reference_voxels") == 1000);
    CHECK(report.at("mean").at(region).at("dice") == scores.at("dice"));
  }
  const std::string row = fmt::format("b          WT   0.7000  {:8.3f}       0.7000", 3 * spacing[0]);
  CHECK_THAT(got.output, ContainsSubstring(row));
}

TEST_CASE("folders are matched by name, means and empty cases are reported", "[evaluate]") {
  const TemporaryFolder folder;
  // This is a BraTS dataset, partly one folder deeper, with predictions of some of its cases in two layouts.
  std::vector<uint8_t> with_rim = cube(1, 2);
  with_rim[5 + 16 * (5 + 12 * 5)] = 4;
  write_labels(folder / "data/HGG/one/one_seg.nii.gz", cube(1, 4));
  write_labels(folder / "data/LGG/two/two_seg.nii.gz", cube(1, 2));
  write_labels(folder / "data/three/three_seg.nii", cube(1, 4));
  write_bytes(folder / "data/three/three_t1.nii", "not looked at");
  write_labels(folder / "data/four/four_seg.nii.gz", cube(1, 4));
  fs::create_directories(folder / "data/unlabelled");
  write_bytes(folder / "data/survival_data.csv", "x");
  write_labels(folder / "out/one.nii.gz", cube(4, 4));
  write_labels(folder / "out/two.nii.gz", with_rim);
  write_labels(folder / "out/three/three_seg.nii.gz", cube(1, 0));

  const std::string outputs =
      fmt::format("--json '{}' --csv '{}'", (folder / "s.json").string(), (folder / "s.csv").string());
  const ToolResult got = evaluate(folder / "data", folder / "out", outputs);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.errors, ContainsSubstring("note: 1 of the references"));
  const nlohmann::json report = read_json(folder / "s.json");
  REQUIRE(report.at("cases").size() == 3);
  CHECK(report.at("cases")[0].at("case") == "one");
  CHECK(report.at("cases")[1].at("case") == "three");
  CHECK(report.at("cases")[2].at("case") == "two");
  // one is the shifted cube, three is predicted empty, and two is right except for an enhancing voxel where there is
  // none.
  const double one_empty = 373.12866;
  CHECK(number(report.at("mean").at("WT").at("dice")) == near((0.7 + 0 + 1) / 3, tolerance));
  CHECK(number(report.at("mean").at("ET").at("dice")) == near(0.7 / 3, tolerance));
  CHECK(number(report.at("mean").at("WT").at("hd95_mm")) == near((3 + one_empty) / 3, tolerance));
  CHECK(number(report.at("mean").at("TC").at("hd95_mm")) == Approx((3 + 2 * one_empty) / 3).epsilon(tolerance));
  CHECK(number(report.at("mean").at("TC").at("sensitivity")) == near((0.7 + 0 + 1) / 3, tolerance));
  CHECK(report.at("empty").at("WT") == nlohmann::json{{"reference", 0}, {"prediction", 1}, {"both", 0}});
  CHECK(report.at("empty").at("ET") == nlohmann::json{{"reference", 1}, {"prediction", 1}, {"both", 0}});
  CHECK_THAT(got.output, ContainsSubstring("ET: reference empty in 1 of 3 cases, prediction empty in 1, both in 0"));
  CHECK_THAT(got.output, ContainsSubstring("mean       WT   0.5667"));

  const std::string csv = read_bytes(folder / "s.csv");
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 1 + 3 * 3);
  CHECK_THAT(csv, ContainsSubstring("case,region,dice,hd95_mm,sensitivity,specificity,reference_voxels,prediction_"
                                    "voxels,labels,labels_from,scoring,hd95,nsd\n"));
  CHECK_THAT(csv, ContainsSubstring("\none,ET,0.7,3,0.7,") && ContainsSubstring("\ntwo,ET,0,373.12866,1,") &&
                      ContainsSubstring(",0,1,brats,file name,brats2021,pooled,\n"));

  // This compares a case folder and a file on their own, and a flat folder of references.
  CHECK(evaluate(folder / "data/HGG/one", folder / "out/one.nii.gz").exit_code == 0);
  CHECK(evaluate(folder / "out", folder / "out", "--labels brats").exit_code == 0);
}

TEST_CASE("a real case scores as SciPy scores it", "[evaluate][shared]") {
  const fs::path data = fs::path(shared_dir()) / "data" / "TCGA-FG-6692";
  if (!fs::exists(data)) {
    skip(data.string() + " is not there");
    return;
  }
  const TemporaryFolder folder;
  REQUIRE(evaluate(data / "TCGA-FG-6692_seg.nii.gz", data / "rater_isen-20.nii.gz",
                   "--json '" + (folder / "s.json").string() + "'")
              .exit_code == 0);
  const nlohmann::json report = read_json(folder / "s.json");
  int compared = 0;
  const nlohmann::json golden = read_json(golden_dir() + "/metrics.json");
  for (const auto& row : golden.at("pairs")) {
    if (row.at("a") != "TCGA-FG-6692_seg" || row.at("b") != "rater_isen-20") continue;
    const nlohmann::json& scores = report.at("cases")[0].at(row.at("region").get<std::string>());
    CHECK(number(scores.at("dice")) == near(number(row.at("dice")), tolerance));
    CHECK(number(scores.at("hd95_mm")) == near(number(row.at("hd95")), tolerance));
    ++compared;
  }
  CHECK(compared == 3);
}

TEST_CASE("what cannot be scored is refused by name with exit code 3", "[evaluate]") {
  const TemporaryFolder folder;
  const auto refused = [](const ToolResult& got, const std::string& reason) {
    CHECK(got.exit_code == 3);
    CHECK(got.output.empty());
    CHECK_THAT(got.errors, ContainsSubstring("revunet-evaluate: error: ") && ContainsSubstring(reason));
  };
  write_labels(folder / "ref/one_seg.nii.gz", cube(1, 4));
  write_labels(folder / "extra/one.nii.gz", cube(1, 4));
  write_labels(folder / "extra/stranger.nii.gz", cube(1, 4));
  refused(evaluate(folder / "ref", folder / "extra"), "got none for stranger;");

  write_labels(folder / "spaced/one.nii.gz", cube(1, 4), {1, 1, 3});
  const ToolResult spaced = evaluate(folder / "ref", folder / "spaced");
  refused(spaced, "for case one: 16 x 12 x 12 voxels with affine [-1 0 0");
  CHECK_THAT(spaced.errors, ContainsSubstring("0 0 3 ") && ContainsSubstring("ref/one_seg.nii.gz") &&
                                ContainsSubstring("spaced/one.nii.gz"));
  fs::create_directories(folder / "small");
  io::write_nifti(folder / "small/one.nii.gz", io::make_nifti_header({4, 3, 2}, {1, 1, 1}), std::vector<uint8_t>(24));
  refused(evaluate(folder / "ref", folder / "small"), "got 4 x 3 x 2 voxels");

  write_labels(folder / "three/one.nii.gz", cube(1, 3));
  refused(evaluate(folder / "ref", folder / "three"),
          "expected the labels 0, 1, 2 and 4 (profile brats), got 3 1000 times");
  write_labels(folder / "twice/one.nii.gz", cube(1, 4));
  write_labels(folder / "twice/one/one_seg.nii.gz", cube(1, 4));
  refused(evaluate(folder / "ref", folder / "twice"), "expected one segmentation of case one");
  fs::create_directories(folder / "hollow/one");
  write_bytes(folder / "hollow/one/one_t1.nii", "not looked at");
  refused(evaluate(folder / "ref", folder / "hollow"), "expected one_seg.nii.gz or one-seg.nii.gz in this folder");
  fs::create_directories(folder / "nothing");
  refused(evaluate(folder / "ref", folder / "nothing"), "got none; check the path");
  refused(evaluate(folder / "ref", folder / "absent"), "got nothing there");
  refused(evaluate(write_bytes(folder / "text.txt", "x"), folder / "ref"), "a file of another kind");
  refused(evaluate(folder / "ref", folder / "ref", "--json '" + (folder / "absent/s.json").string() + "'"),
          "expected a folder to write into");
}

TEST_CASE("bad usage of revunet-evaluate has exit code 2, help 0", "[evaluate]") {
  CHECK(run_tool("revunet-evaluate", "").exit_code == 2);
  CHECK(run_tool("revunet-evaluate", "--reference x").exit_code == 2);
  CHECK(run_tool("revunet-evaluate", "--reference x --prediction y --unknown").exit_code == 2);
  const ToolResult help = run_tool("revunet-evaluate", "--help");
  CHECK(help.exit_code == 0);
  CHECK_THAT(help.output,
             ContainsSubstring("--reference") && ContainsSubstring("--json") && ContainsSubstring("--csv"));
}
