// Tests revunet-compare as a program: closed forms, undefined scores, refusals with exit codes.
#include <fstream>
#include <functional>

#include "tests/tools/mask_folders.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// Scores predictions of cubes of side 10 against ref/: case k is moved by `shift(k)` voxels. Returns the JSON file.
template <class Shift>
std::string scores_of_shifts(const TemporaryFolder& folder, const std::string& name, Shift shift,
                             const std::string& options = "") {
  const Index3 size = {16, 12, 12};
  for (int64_t k = 0; k < 5; ++k) {
    write_mask(folder / fmt::format("ref/case{}_seg.nii.gz", k), size, cube({1, 1, 1}, 10));
    write_mask(folder / fmt::format("{}/case{}.nii.gz", name, k), size, cube({1 + shift(k), 1, 1}, 10));
  }
  const std::string json = (folder / (name + ".json")).string();
  const ToolResult got =
      run_tool("revunet-evaluate", fmt::format("--reference '{}' --prediction '{}' --json '{}' {}",
                                               (folder / "ref").string(), (folder / name).string(), json, options));
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  return json;
}

ToolResult compare_files(const std::string& first, const std::string& second, const std::string& more = "") {
  return run_tool("revunet-compare", fmt::format("'{}' '{}' {}", first, second, more));
}

void check_refused(const ToolResult& got, const std::string& reason) {
  CHECK(got.exit_code == 3);
  CHECK(got.output.empty());
  CHECK_THAT(got.errors, ContainsSubstring("revunet-compare: error: ") && ContainsSubstring(reason));
}

void edit_json(const std::string& from, const std::string& to, const std::function<void(nlohmann::json&)>& edit) {
  nlohmann::json report = read_json(from);
  edit(report);
  std::ofstream(to) << report;
}

}  // namespace

// By hand: moved by k voxels, Dice is 1 - k / 10 and HD95 k mm; moved by 1, they are 0.9 and 1. So HD95 differs by
// 1, 0, -1, -2 and -3; scipy.stats.wilcoxon of these gives 1.5 and 0.375.
TEST_CASE("two evaluations are compared case by case", "[compare]") {
  const TemporaryFolder folder;
  const std::string first = scores_of_shifts(folder, "a", [](int64_t k) { return k; }),
                    second = scores_of_shifts(folder, "b", [](int64_t) { return 1; });
  const std::string json = (folder / "c.json").string();
  const ToolResult got = compare_files(first, second, fmt::format("--json '{}' --seed 7", json));
  REQUIRE(got.exit_code == 0);
  const nlohmann::json report = read_json(json);
  const nlohmann::json& dice = report.at("comparisons").at("WT").at("dice");
  CHECK(dice.at("pairs") == 5);
  CHECK(dice.at("mean_first").get<double>() == near(0.8, statistic_tolerance));
  CHECK(dice.at("mean_second").get<double>() == near(0.9, statistic_tolerance));
  CHECK(dice.at("difference").get<double>() == near(0.1, statistic_tolerance));
  const nlohmann::json& hd95 = report.at("comparisons").at("ET").at("hd95_mm");
  CHECK(hd95.at("difference").get<double>() == near(-1, statistic_tolerance));
  CHECK(hd95.at("wilcoxon_w") == 1.5);
  CHECK(hd95.at("wilcoxon_p") == 0.375);
  CHECK(hd95.at("wilcoxon_method") == "exact");
  CHECK((hd95.at("interval")[0] > -3 && hd95.at("interval")[0] < -1));
  CHECK((hd95.at("interval")[1] > -1 && hd95.at("interval")[1] < 1));
  CHECK(report.at("conditions") == nlohmann::json{{"scoring", "brats2021"}, {"hd95", "pooled"}});
  CHECK(report.at("bootstrap") == nlohmann::json{{"resamples", 10000}, {"seed", 7}, {"confidence", 95}});
  CHECK_THAT(got.output, ContainsSubstring("5 cases; difference: mean of second - first") &&
                             ContainsSubstring("10000 resamples of the cases, seed 7") &&
                             ContainsSubstring("0.375 exact"));

  CHECK(compare_files(first, second, "--seed 7").output == got.output);
  const nlohmann::json same = [&] {
    REQUIRE(compare_files(first, first, fmt::format("--json '{}'", json)).exit_code == 0);
    return read_json(json);
  }();
  CHECK(same.at("comparisons").at("TC").at("dice").at("interval") == nlohmann::json{0, 0});
  CHECK(same.at("comparisons").at("TC").at("dice").at("wilcoxon_p") == 1);
}

// Few resamples have quantiles that vary from seed to seed.
TEST_CASE("the seed chooses the resamples, and one seed gives the same interval again", "[compare]") {
  const TemporaryFolder folder;
  const std::string first = scores_of_shifts(folder, "a", [](int64_t k) { return k; }),
                    second = scores_of_shifts(folder, "b", [](int64_t) { return 1; });
  const auto intervals = [&](int seed) {
    const std::string json = (folder / "c.json").string();
    REQUIRE(
        compare_files(first, second, fmt::format("--resamples 101 --confidence 41 --seed {} --json '{}'", seed, json))
            .exit_code == 0);
    nlohmann::json all;
    const nlohmann::json rows = read_json(json).at("comparisons").at("WT");
    for (const auto& [metric, row] : rows.items()) all[metric] = row.at("interval");
    return all;
  };
  const nlohmann::json of_seed_1 = intervals(1);
  CHECK(intervals(1) == of_seed_1);
  CHECK((intervals(2) != of_seed_1 || intervals(3) != of_seed_1));
}

TEST_CASE("the column of metrics is as wide as the longest of them", "[compare]") {
  const TemporaryFolder folder;
  const std::string first = scores_of_shifts(
      folder, "a", [](int64_t k) { return k; }, "--lesion-wise --nsd-tolerance 0.0625");
  const std::string table = compare_files(first, first).output;
  CHECK_THAT(table, ContainsSubstring("region  metric               pairs  ") &&
                        ContainsSubstring("\nET      dice                     5  ") &&
                        ContainsSubstring("\nET      lesion_nsd_0.0625mm      5  "));
}

TEST_CASE("pairs in which a score is not defined are left out and counted", "[compare]") {
  const TemporaryFolder folder;
  const auto none = [&](const std::string& name, int64_t empty) {  // with one prediction outside the image
    return scores_of_shifts(
        folder, name, [=](int64_t k) { return k == empty ? 100 : 1; }, "--scoring none");
  };
  const std::string first = none("a", 0), second = none("b", 3), json = (folder / "c.json").string();
  REQUIRE(compare_files(first, second, fmt::format("--json '{}'", json)).exit_code == 0);
  const nlohmann::json rows = read_json(json).at("comparisons").at("WT");
  CHECK((rows.at("hd95_mm").at("pairs") == 3 && rows.at("hd95_mm").at("undefined") == 2));
  CHECK((rows.at("dice").at("pairs") == 5 && rows.at("dice").at("undefined") == 0));

  const auto undefined = [](nlohmann::json& report) {
    for (auto& entry : report.at("cases")) entry.at("TC").at("dice") = nullptr;
  };
  edit_json(first, (folder / "d.json").string(), undefined);
  const ToolResult got = compare_files((folder / "d.json").string(), second, fmt::format("--json '{}'", json));
  REQUIRE(got.exit_code == 0);
  CHECK(read_json(json).at("comparisons").at("TC").at("dice").at("wilcoxon_p").is_null());
  CHECK_THAT(got.output, ContainsSubstring("TC      dice             0          5          -"));
}

TEST_CASE("files that cannot be compared are refused by name with exit code 3", "[compare]") {
  const TemporaryFolder folder;
  const auto moved = [](int64_t k) { return k; };
  const std::string first = scores_of_shifts(folder, "a", moved), edited = (folder / "edited.json").string();
  check_refused(compare_files(first, scores_of_shifts(folder, "b", moved, "--scoring none")),
                "b.json] expected scores with scoring \"brats2021\", as ");
  check_refused(compare_files(first, scores_of_shifts(folder, "c", moved, "--hd95 max")),
                "expected scores with hd95 \"pooled\"");
  const std::string with_nsd = scores_of_shifts(folder, "d", moved, "--nsd-tolerance 1");
  check_refused(compare_files(first, with_nsd), "expected scores with nsd none");
  check_refused(compare_files(with_nsd, scores_of_shifts(folder, "e", moved, "--nsd-tolerance 2")),
                "nsd_tolerances_mm [1.0]");
  check_refused(compare_files(scores_of_shifts(folder, "f", moved, "--lesion-wise"),
                              scores_of_shifts(folder, "g", moved, "--lesion-wise --lesion-dilation 1")),
                "lesion_dilation 3");

  edit_json(first, edited, [](nlohmann::json& report) { report.at("cases").erase(1); });
  check_refused(compare_files(first, edited), "edited.json] expected the cases of ");
  check_refused(compare_files(edited, first), "got none of case1; score the same cases in both");
  edit_json(first, edited, [](nlohmann::json& report) { report.at("cases")[2].at("TC").at("reference_voxels") = 999; });
  check_refused(compare_files(first, edited), "whose TC has 1000 voxels, got 999 voxels");
  edit_json(first, edited,
            [](nlohmann::json& report) { report.at("cases")[2].at("labels").at("profile") = "brats2023"; });
  check_refused(compare_files(first, edited), "with the label profile brats, got brats2023; score both");
  edit_json(first, edited, [](nlohmann::json& report) { report.at("cases")[2].at("case") = "case0"; });
  check_refused(compare_files(first, edited), "expected each case once, got case0 twice");
  edit_json(first, edited, [](nlohmann::json& report) { report.at("cases")[2].at("TC").erase("dice"); });
  check_refused(compare_files(first, edited), "dice");
  edit_json(first, edited, [](nlohmann::json& report) { report.erase("scoring"); });
  check_refused(compare_files(first, edited), "expected scores as revunet-evaluate writes them into its --json file");
  check_refused(compare_files(first, write_bytes(folder / "x.csv", "case,region\n")),
                "x.csv] expected scores as revunet-evaluate writes them into its --json file, got a CSV");
  check_refused(compare_files(first, (folder / "absent.json").string()), "absent.json");
  check_refused(compare_files(first, first, fmt::format("--json '{}'", (folder / "absent/c.json").string())),
                "expected a folder to write into");
  const std::string before = read_bytes(first), link = (folder / "link.json").string();
  std::filesystem::create_symlink(first, link);
  for (const std::string& output : {first, link}) {
    const ToolResult got = compare_files(edited, first, fmt::format("--json '{}'", output));
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring("[--json] expected another file than the scores that are compared"));
  }
  CHECK(read_bytes(first) == before);
  CHECK(compare_files(first, first, "--resamples 1").exit_code == 2);
  CHECK(compare_files(first, first, "--confidence 100").exit_code == 2);
  CHECK(run_tool("revunet-compare", "'" + first + "'").exit_code == 2);
}
