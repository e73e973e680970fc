// Tests revunet-evaluate's definitions of HD95, lesion-wise scores, summaries, box plots and threads, as a program.
#include <cmath>
#include <filesystem>
#include <regex>

#include "io/scores/distribution.h"
#include "tests/tools/mask_folders.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

TEST_CASE("HD95 is by the definition asked for, and says so", "[evaluate]") {
  const TemporaryFolder folder;
  const Index3 line = {40, 1, 1};
  write_mask(folder / "ref/a_seg.nii.gz", line, block({0, 0, 0}, {1, 1, 1}));
  write_mask(folder / "out/a.nii.gz", line, [](int64_t x, int64_t, int64_t) { return x == 0 || x == 20; });
  const nlohmann::json rows = read_golden("hd95_variants.json").at("cases");
  const nlohmann::json row = row_named(rows, "voxel {0} against voxels {0,20} on a line");
  for (const std::string name : {"pooled", "max", "surfel"}) {
    const nlohmann::json report = scores_of(folder, "--hd95 " + name);
    CHECK(report.at("hd95") == name);
    CHECK(report.at("cases")[0].at("WT").at("hd95_mm").get<double>() ==
          near(row.at(name).get<double>(), statistic_tolerance));
  }
  CHECK_THAT(evaluate_folders(folder, "--hd95 max").output,
             ContainsSubstring("larger of the two directed") && ContainsSubstring("  19.000  "));
  const ToolResult refused = evaluate_folders(folder, "--hd95 hausdorff");
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.errors, ContainsSubstring("[--hd95] expected pooled, max or surfel, got hausdorff"));
}

TEST_CASE("cases are summed up by mean, deviation and quartiles", "[evaluate]") {
  const TemporaryFolder folder;
  write_shifted_cubes(folder);
  const nlohmann::json report = scores_of(folder, "");
  const auto check = [&](const char* statistic, double dice, double hd95) {
    INFO(statistic);
    CHECK(report.at(statistic).at("TC").at("dice").get<double>() == near(dice, statistic_tolerance));
    CHECK(report.at(statistic).at("TC").at("hd95_mm").get<double>() == near(hd95, statistic_tolerance));
  };
  check("mean", 0.8, 2);
  check("standard_deviation", std::sqrt(0.1 / 4), std::sqrt(10.0 / 4));
  check("lower_quartile", 0.7, 1);
  check("median", 0.8, 2);
  check("upper_quartile", 0.9, 3);
  const std::string table = evaluate_folders(folder, "").output;
  CHECK_THAT(table, ContainsSubstring("mean       TC   0.8000     2.000") &&
                        ContainsSubstring("deviation  TC   0.1581     1.581") &&
                        ContainsSubstring("25 %       TC   0.7000     1.000") &&
                        ContainsSubstring("median     TC   0.8000     2.000") &&
                        ContainsSubstring("75 %       TC   0.9000     3.000"));
}

TEST_CASE("quartiles between values are numpy's, and one value has no deviation", "[evaluate]") {
  // The values are from numpy.quantile([1, 2, 4, 8], [0.25, 0.5, 0.75]) and numpy.std(ddof=1).
  const io::Distribution d = io::distribution_of({8, 1, 4, 2});
  CHECK(d.lower_quartile == near(1.75, statistic_tolerance));
  CHECK(d.median == near(3, statistic_tolerance));
  CHECK(d.upper_quartile == near(5, statistic_tolerance));
  CHECK(d.deviation.value() == near(3.095695936834452, statistic_tolerance));
  CHECK_FALSE(io::distribution_of({3}).deviation.has_value());

  const TemporaryFolder folder;
  write_mask(folder / "ref/a_seg.nii.gz", {4, 4, 4}, cube({1, 1, 1}, 2));
  write_mask(folder / "out/a.nii.gz", {4, 4, 4}, cube({1, 1, 1}, 2));
  CHECK(scores_of(folder, "").at("standard_deviation").at("WT").at("dice").is_null());
  CHECK_THAT(evaluate_folders(folder, "").output,
             ContainsSubstring("deviation  WT        -         -            -            -"));
}

TEST_CASE("lesion-wise scores stand next to the others where they are asked for", "[evaluate]") {
  const TemporaryFolder folder;
  const Index3 size = {60, 12, 12};
  // There are two lesions of 64 mm^3, 17 apart. The first is found with 48 of 64 voxels (Dice 0.75, HD95 1), the second
  // is missed, and one voxel is invented. Together they score 2 * 48 / (128 + 65).
  write_mask(folder / "ref/a_seg.nii.gz", size, either_of(cube({4, 4, 4}, 4), cube({25, 4, 4}, 4)));
  write_mask(folder / "out/a.nii.gz", size, either_of(cube({5, 4, 4}, 4), cube({50, 4, 4}, 1)));
  const std::string csv = (folder / "s.csv").string();
  const nlohmann::json report = scores_of(folder, fmt::format("--lesion-wise --hd95 surfel --csv '{}'", csv));
  const nlohmann::json& scores = report.at("cases")[0].at("ET");
  CHECK(scores.at("dice").get<double>() == near(96.0 / 193, statistic_tolerance));
  CHECK(scores.at("lesion_dice").get<double>() == near(0.25, statistic_tolerance));
  CHECK(scores.at("lesion_hd95_mm").get<double>() == near(749.0 / 3, statistic_tolerance));
  CHECK(scores.at("lesions") == nlohmann::json{{"found", 1}, {"missed", 1}, {"false_positives", 1}, {"ignored", 0}});
  CHECK(report.at("median").at("ET").at("lesion_dice") == scores.at("lesion_dice"));
  const auto rows = read_csv(csv);
  CHECK(column(rows, "lesion_dice") == std::vector<std::string>(3, "0.25"));
  CHECK(column(rows, "lesions_missed") == std::vector<std::string>(3, "1"));
  CHECK_THAT(evaluate_folders(folder, "--lesion-wise").output,
             ContainsSubstring("ET: 1 lesions found, 1 missed, 1 false positives, 0 of 50 mm^3 or less not scored\n"));

  // Dilated 9 times, the two are one lesion, and only the voxel far away is wrong. With a limit of 64 mm^3, neither
  // counts.
  const nlohmann::json one = scores_of(folder, "--lesion-wise --lesion-dilation 9").at("cases")[0].at("ET");
  CHECK(one.at("lesions").at("found") == 1);
  CHECK(one.at("lesion_dice").get<double>() == near(2 * 48.0 / (128 + 64) / 2, statistic_tolerance));
  const nlohmann::json none = scores_of(folder, "--lesion-wise --lesion-min-volume 64").at("cases")[0].at("ET");
  CHECK(none.at("lesions").at("ignored") == 2);

  CHECK_FALSE(scores_of(folder, "").at("cases")[0].at("ET").contains("lesion_dice"));
  CHECK(evaluate_folders(folder, "--lesion-dilation 2").exit_code == 2);  // without --lesion-wise it would mean nothing
  CHECK_THAT(evaluate_folders(folder, "--lesion-wise --lesion-dilation=-1").errors,
             ContainsSubstring("[--lesion-dilation] expected"));
  CHECK_THAT(evaluate_folders(folder, "--lesion-wise --lesion-min-volume=-1").errors,
             ContainsSubstring("[--lesion-min-volume] expected"));
}

TEST_CASE("results and the first error are the same at any number of threads", "[evaluate]") {
  const TemporaryFolder folder;
  write_shifted_cubes(folder);
  const std::string one = evaluate_folders(folder, "--threads 1 --lesion-wise").output;
  CHECK(one.size() > 1000);
  CHECK(evaluate_folders(folder, "--threads 3 --lesion-wise").output == one);
  CHECK(evaluate_folders(folder, "--threads=-1").exit_code == 2);
  for (const char* broken : {"case1.nii.gz", "case4.nii.gz"}) write_bytes(folder / "out" / broken, "no image");
  for (const int threads : {1, 3}) {
    const ToolResult got = evaluate_folders(folder, fmt::format("--threads {}", threads));
    CHECK(got.exit_code == 3);
    CHECK(got.output.empty());
    CHECK_THAT(got.errors, ContainsSubstring("case1.nii.gz") && !ContainsSubstring("case4.nii.gz"));
  }
}

TEST_CASE("box plots hold a point for each case, region and metric", "[evaluate]") {
  const TemporaryFolder folder;
  write_shifted_cubes(folder);
  const std::string name = (folder / "scores").string();
  REQUIRE(evaluate_folders(folder, fmt::format("--plot '{}'", name)).exit_code == 0);
  const auto points = [](const std::string& svg) {  // the only shapes with this opacity
    const std::regex opacity("fill-opacity[:=]\"?0\\.7[\"; ]");
    return std::distance(std::sregex_iterator(svg.begin(), svg.end(), opacity), std::sregex_iterator());
  };
  CHECK(points(read_bytes(name + ".svg")) == 5 * 3 * 4);
  // The PNG's header says 1200 pixels wide, big-endian.
  CHECK(read_bytes(name + ".png").substr(0, 20) == std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\xb0", 20));

  write_mask(folder / "out/case3.nii.gz", {16, 12, 12}, cube({0, 0, 0}, 0));  // predicted empty: the axis is broken
  REQUIRE(
      evaluate_folders(folder, fmt::format("--lesion-wise --plot '{}.svg'", (folder / "only").string())).exit_code ==
      0);
  CHECK(points(read_bytes(folder / "only.svg")) == 5 * 3 * 6);
  CHECK_FALSE(fs::exists(folder / "only.png"));
  CHECK_FALSE(fs::exists(folder / "only.svg.png"));
  CHECK(evaluate_folders(folder, fmt::format("--plot '{}'", (folder / "absent/x.svg").string())).exit_code == 3);
}

// By hand: the voxel's six-sided neighbourhood has one area at each of its eight corners. Of the three voxels, two lie
// at the other mask. Shares of edge voxels are 1 and 1/2.
TEST_CASE("NSD stands next to the others at the tolerances asked for, and says its definition", "[evaluate]") {
  const TemporaryFolder folder;
  const Index3 line = {40, 1, 1};
  write_mask(folder / "ref/a_seg.nii.gz", line, block({0, 0, 0}, {1, 1, 1}));
  write_mask(folder / "out/a.nii.gz", line, [](int64_t x, int64_t, int64_t) { return x == 0 || x == 20; });
  const std::string csv = (folder / "s.csv").string();
  const nlohmann::json surfel = scores_of(folder, fmt::format("--nsd-tolerance 0.5,20 --csv '{}'", csv));
  const nlohmann::json& scores = surfel.at("cases")[0].at("TC");
  CHECK(scores.at("nsd_0.5mm").get<double>() == near(2.0 / 3, statistic_tolerance));
  CHECK(scores.at("nsd_20mm") == 1);
  CHECK(surfel.at("nsd") == "surfel");
  CHECK(surfel.at("nsd_tolerances_mm") == nlohmann::json{0.5, 20});
  CHECK(surfel.at("median").at("ET").at("nsd_0.5mm") == scores.at("nsd_0.5mm"));
  CHECK(column(read_csv(csv), "nsd_20mm") == std::vector<std::string>(3, "1"));
  const nlohmann::json edge = scores_of(folder, "--nsd-tolerance 0.5 --nsd edge --lesion-wise --lesion-min-volume 0");
  CHECK(edge.at("cases")[0].at("TC").at("nsd_0.5mm") == 0.75);
  CHECK(edge.at("cases")[0].at("TC").at("lesion_nsd_0.5mm") == 0.5);  // found exactly, and one false positive
  CHECK_THAT(evaluate_folders(folder, "--nsd-tolerance 2 --nsd edge").output,
             ContainsSubstring("NSD 2 mm") && ContainsSubstring("NSD: mean of the two masks' shares"));

  CHECK_FALSE(scores_of(folder, "").contains("nsd"));
  CHECK(evaluate_folders(folder, "--nsd edge").exit_code == 2);  // without a tolerance it would mean nothing
  CHECK_THAT(evaluate_folders(folder, "--nsd-tolerance 1,1").errors,
             ContainsSubstring("[--nsd-tolerance] expected each number"));
  CHECK_THAT(evaluate_folders(folder, "--nsd-tolerance 1,0").errors, ContainsSubstring("expected a number above 0"));
  CHECK_THAT(evaluate_folders(folder, "--nsd-tolerance 1,").errors, ContainsSubstring("[--nsd-tolerance]"));
}
