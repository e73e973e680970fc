// Tests revunet-evaluate's conventions by edition of BraTS as a program: values, undefined scores, refusals.
#include <regex>

#include "tests/tools/mask_folders.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// Makes three cases of one mask in all regions: found exactly, missed, and empty in both files.
void write_found_missed_and_empty(const TemporaryFolder& folder) {
  const Index3 size = {16, 12, 12};
  const Inside lesion = cube({2, 2, 2}, 4), nothing = cube({0, 0, 0}, 0);
  write_mask(folder / "ref/found_seg.nii.gz", size, lesion);
  write_mask(folder / "out/found.nii.gz", size, lesion);
  write_mask(folder / "ref/missed_seg.nii.gz", size, lesion);
  write_mask(folder / "out/missed.nii.gz", size, nothing);
  write_mask(folder / "ref/none_seg.nii.gz", size, nothing);
  write_mask(folder / "out/none.nii.gz", size, nothing);
}

}  // namespace

TEST_CASE("each edition's conventions are used and named in every output", "[evaluate]") {
  const TemporaryFolder folder;
  write_found_missed_and_empty(folder);
  struct Edition {
    const char *name, *hd95_key;
    double missed, mean_dice, mean_hd95;
    int defined;
  };
  const std::vector<Edition> editions = {{"brats2021", "hd95_mm", 373.12866, 2.0 / 3, 373.12866 / 3, 3},
                                         {"brats2023", "hd95_mm", 374, 2.0 / 3, 374.0 / 3, 3},
                                         {"brats2026", "hd95_voxels", 373, 0.5, 373.0 / 2, 2},
                                         {"brats2026-metastases", "hd95_voxels", 373, 0.5, 373.0 / 2, 2}};
  for (const Edition& edition : editions) {
    INFO(edition.name);
    const std::string csv = (folder / "s.csv").string(), options = fmt::format("--scoring {}", edition.name);
    const nlohmann::json report = scores_of(folder, fmt::format("{} --csv '{}'", options, csv));
    CHECK(report.at("scoring") == edition.name);
    CHECK_THAT(report.at("scoring_definition").get<std::string>(), ContainsSubstring(edition.name));
    CHECK(report.at("cases")[1].at("TC").at(edition.hd95_key) == edition.missed);
    const nlohmann::json& mean = report.at("mean").at("TC");
    CHECK(mean.at("dice").get<double>() == near(edition.mean_dice, statistic_tolerance));
    CHECK(mean.at(edition.hd95_key).get<double>() == near(edition.mean_hd95, statistic_tolerance));
    CHECK(report.at("defined").at("TC").at("dice") == edition.defined);
    CHECK(column(read_csv(csv), "scoring") == std::vector<std::string>(9, edition.name));
    CHECK_THAT(evaluate_folders(folder, options).output, ContainsSubstring(fmt::format("scoring {}: ", edition.name)));
  }
  CHECK(scores_of(folder, "") == scores_of(folder, "--scoring brats2021"));
  const nlohmann::json of_2023 = scores_of(folder, "--scoring brats2023");
  CHECK(of_2023.at("hd95") == "surfel");
  CHECK(of_2023.at("cases")[1].at("TC").at("lesion_hd95_mm") == 374);
  CHECK(scores_of(folder, "--scoring brats2023 --hd95 pooled").at("hd95") == "pooled");
  const nlohmann::json of_2026 = scores_of(folder, "--scoring brats2026");
  CHECK(of_2026.at("cases")[0].at("TC").at("lesion_f1") == 1);
  CHECK(of_2026.at("cases")[0].at("TC").at("nsd_0.5voxels") == 1);
  CHECK(of_2026.at("cases")[2].at("TC").at("lesion_dice").is_null());
  CHECK(scores_of(folder, "--scoring brats2026-metastases --lesion-min-volume 65").at("lesion_min_volume_mm3") == 65);
}

TEST_CASE("a task that is not BraTS's gives no distance to a missed region, unless an edition is asked for",
          "[evaluate]") {
  const TemporaryFolder folder;
  const Index3 size = {16, 12, 12};
  write_mask(folder / "ref/missed.nii.gz", size, cube({2, 2, 2}, 4));
  write_mask(folder / "out/missed.nii.gz", size, cube({0, 0, 0}, 0));
  make_file(folder / "ref/dataset.json", R"({"channel_names": {"0": "MRI"}, "file_ending": ".nii.gz",
                                             "labels": {"background": 0, "meniscus": 4}})");
  const auto scores = [&](const std::string& options) {
    const nlohmann::json report = scores_of(folder, options);
    return std::pair{report.at("scoring"), report.at("cases")[0].at("meniscus")};
  };
  const auto [scoring, undefined] = scores("");
  CHECK(scoring == "none");
  CHECK(undefined.at("dice") == 0);
  CHECK(undefined.at("hd95_mm").is_null());
  CHECK(scores("--scoring brats2021").second.at("hd95_mm") == 373.12866);
  CHECK_THAT(evaluate_folders(folder, "--lesion-wise").errors, ContainsSubstring("choose brats2021 or brats2023"));
}

// There are three cases: a lesion of 64 mm^3 found, another missed, and none.
TEST_CASE("the counts of lesions say what small lesions are counted as", "[evaluate]") {
  const TemporaryFolder folder;
  write_found_missed_and_empty(folder);
  const auto expect_line = [&](const std::string& options, const std::string& line) {
    CHECK_THAT(evaluate_folders(folder, options).output, ContainsSubstring(line));
  };
  expect_line("--scoring brats2023 --lesion-min-volume 64",
              "\nTC: 0 lesions found, 0 missed, 0 false positives, 2 of 64 mm^3 or less not scored\n");
  expect_line("--scoring brats2026", "\nTC: 1 lesions found, 1 missed, 0 false positives\n");
  expect_line(
      "--scoring brats2026-metastases --lesion-min-volume 65",
      "\nTC: 1 lesions found, 1 missed, 0 false positives; of the lesions found and missed, 2 below 65 mm^3, not "
      "in the means\n");
}

TEST_CASE("scores that are not defined are named, and left out of means and plots", "[evaluate]") {
  const TemporaryFolder folder;
  write_found_missed_and_empty(folder);
  const std::string csv = (folder / "s.csv").string(), svg = (folder / "s.svg").string();
  const nlohmann::json report =
      scores_of(folder, fmt::format("--scoring none --nsd-tolerance 1 --csv '{}' --plot '{}'", csv, svg));
  CHECK(report.at("cases")[1].at("WT").at("hd95_mm").is_null());
  CHECK(report.at("cases")[1].at("WT").at("dice") == 0);  // by its formula
  CHECK(report.at("cases")[2].at("WT").at("dice").is_null());
  CHECK(report.at("mean").at("WT").at("dice") == 0.5);
  CHECK(report.at("mean").at("WT").at("hd95_mm") == 0);
  CHECK(report.at("standard_deviation").at("WT").at("hd95_mm").is_null());
  CHECK(report.at("defined").at("WT") ==
        nlohmann::json{{"dice", 2}, {"hd95_mm", 1}, {"sensitivity", 2}, {"specificity", 3}, {"nsd_1mm", 1}});
  CHECK(column(read_csv(csv), "hd95_mm") == std::vector<std::string>{"0", "0", "0", "", "", "", "", "", ""});
  // Of each region: two Dice, one HD95, two sensitivities, three specificities and one NSD.
  const std::regex point("fill-opacity[:=]\"?0\\.7[\"; ]");
  const std::string drawing = read_bytes(svg);
  CHECK(std::distance(std::sregex_iterator(drawing.begin(), drawing.end(), point), std::sregex_iterator()) == 3 * 9);
  const std::string table = evaluate_folders(folder, "--scoring none").output;
  CHECK_THAT(table, ContainsSubstring("missed     WT   0.0000       nan       0.0000     1.000000") &&
                        ContainsSubstring("mean       WT   0.5000     0.000       0.5000     1.000000") &&
                        ContainsSubstring("WT: of 3 cases, defined and in the means: Dice in 2, HD95 in 1, sensitivity "
                                          "in 2\n"));

  // Without a single value there is no mean, and a panel has no boxes.
  const TemporaryFolder empty;
  write_mask(empty / "ref/a_seg.nii.gz", {4, 4, 4}, cube({0, 0, 0}, 0));
  write_mask(empty / "out/a.nii.gz", {4, 4, 4}, cube({0, 0, 0}, 0));
  const nlohmann::json nothing = scores_of(empty, fmt::format("--scoring none --plot '{}'", svg));
  CHECK(nothing.at("mean").at("ET").at("dice").is_null());
  CHECK(nothing.at("defined").at("ET").at("dice") == 0);
  CHECK_THAT(evaluate_folders(empty, "--scoring none").output, ContainsSubstring("mean       ET        -"));
}

TEST_CASE("options that contradict the scoring are refused by their flags", "[evaluate]") {
  const TemporaryFolder folder;
  write_found_missed_and_empty(folder);
  const auto refused = [&](const std::string& options, const std::string& reason) {
    const ToolResult got = evaluate_folders(folder, options);
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring(reason));
  };
  refused("--scoring brats2026 --hd95 max", "[--hd95, --scoring] expected pooled with brats2026");
  refused("--scoring brats2026 --nsd surfel", "[--nsd, --scoring] expected edge with brats2026");
  refused("--nsd edge", "[--nsd] expected a tolerance to score NSD at, got none with brats2021; add --nsd-tolerance");
  refused("--scoring brats2026 --nsd-tolerance 1", "[--nsd-tolerance, --scoring] expected no tolerance");
  refused("--scoring none --lesion-wise", "expected a scoring that gives missed lesions a distance, got none");
  refused("--scoring none --lesion-dilation 2", "expected a scoring that gives missed lesions a distance, got none");
  refused("--lesion-dilation 2", "[--lesion-dilation, --lesion-min-volume] expected lesions to be scored");
  refused("--scoring brats2022", "[--scoring] expected brats2021, brats2023, brats2026, brats2026-metastases or none");
}
