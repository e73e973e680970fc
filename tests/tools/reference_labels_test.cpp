// Tests revunet-evaluate's choice of what the numbers of segmentations stand for, its refusal to guess, and broken
// links.
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/tool_runner.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

// Writes a row of voxels.
void write_values(const fs::path& path, const std::vector<uint8_t>& values) {
  fs::create_directories(path.parent_path());
  io::write_nifti(path, io::make_nifti_header({std::ssize(values), 1, 1}, {1, 1, 1}), values);
}

// The tumour core is 1 and 3 in brats2023, and 2 and 3 in msd: its voxels show which was taken.
const std::vector<uint8_t> reference_values = {0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 0, 0};
const std::vector<uint8_t> predicted_values = {0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 0, 0};
constexpr int core_2023 = 6, core_msd = 4;

constexpr const char* decathlon =
    R"({"modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}, "labels":
       {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"}})";

struct Evaluation {
  ToolResult result;
  nlohmann::json report;  // null where it failed
};

Evaluation evaluate_labels(const fs::path& reference, const fs::path& prediction, const std::string& more = "") {
  const TemporaryFolder folder;
  const fs::path json = folder / "s.json";
  Evaluation got{
      run_tool("revunet-evaluate", fmt::format("--reference '{}' --prediction '{}' --json '{}' {}", reference.string(),
                                               prediction.string(), json.string(), more)),
      {}};
  INFO(got.result.errors);
  if (got.result.exit_code == 0) got.report = nlohmann::json::parse(read_bytes(json));
  return got;
}

void check_labels(const Evaluation& got, const std::string& profile, const std::string& from, int core_voxels) {
  INFO(got.result.errors);
  REQUIRE(got.result.exit_code == 0);
  const nlohmann::json& scores = got.report.at("cases").at(0);
  CHECK(scores.at("labels").at("profile") == profile);
  CHECK(scores.at("labels").at("from") == from);
  CHECK(scores.at("TC").at("reference_voxels") == core_voxels);
  CHECK_THAT(got.result.output, ContainsSubstring(fmt::format("labels: {} (0 background, ", profile)) &&
                                    ContainsSubstring(fmt::format("), from {}\n", from)));
}

void check_refusal(const Evaluation& got, const std::string& reason) {
  CHECK(got.result.exit_code == 3);
  CHECK(got.result.output.empty());
  CHECK_THAT(got.result.errors, ContainsSubstring(reason));
}

}  // namespace

TEST_CASE("a file has the labels of the dataset.json around it, as its folder does", "[evaluate]") {
  const TemporaryFolder folder;
  write_values(folder / "task/labelsTr/one.nii.gz", reference_values);
  write_bytes(folder / "task/dataset.json", decathlon);
  write_values(folder / "out/one.nii.gz", predicted_values);
  for (const char* reference : {"task", "task/labelsTr", "task/labelsTr/one.nii.gz"}) {
    for (const char* prediction : {"out", "out/one.nii.gz"}) {
      const Evaluation got = evaluate_labels(folder / reference, folder / prediction);
      check_labels(got, "msd", "dataset.json", core_msd);
      CHECK(got.report.at("cases")[0].at("labels").at("values") ==
            nlohmann::json{{"0", "background"}, {"1", "oedema"}, {"2", "core"}, {"3", "enhancing"}});
    }
  }
  // This uses a relative path from within the folder, which has no parent in it.
  const ToolResult within = run_tool("revunet-evaluate", "--reference one.nii.gz --prediction ../../out/one.nii.gz",
                                     fmt::format("cd '{}/task/labelsTr' && ", folder.path().string()));
  CHECK(within.exit_code == 0);
  CHECK_THAT(within.output, ContainsSubstring("labels: msd") && ContainsSubstring("from dataset.json"));
  // --labels overrides it.
  check_labels(evaluate_labels(folder / "task", folder / "out", "--labels brats2023"), "brats2023", "--labels",
               core_2023);
  // A dataset.json next to the predictions says nothing about the reference.
  fs::rename(folder / "task/dataset.json", folder / "out/dataset.json");
  check_refusal(evaluate_labels(folder / "task/labelsTr", folder / "out"),
                "one.nii.gz] expected a name or a dataset.json");
  // A link is in the dataset that it is in, wherever it leads.
  fs::create_directory(folder / "linked");
  write_bytes(folder / "linked/dataset.json", decathlon);
  fs::create_directory_symlink(folder / "task/labelsTr", folder / "linked/labelsTr");
  for (const char* reference : {"linked", "linked/labelsTr", "linked/labelsTr/"}) {
    check_labels(evaluate_labels(folder / reference, folder / "out/one.nii.gz"), "msd", "dataset.json", core_msd);
  }
  // A link to a dataset's labels has its labels.
  fs::rename(folder / "out/dataset.json", folder / "task/dataset.json");
  fs::create_directory_symlink(folder / "task/labelsTr", folder / "truth");
  check_labels(evaluate_labels(folder / "truth", folder / "out"), "msd", "dataset.json", core_msd);
  fs::rename(folder / "task/dataset.json", folder / "out/dataset.json");
  // In the reference's own folder it does.
  fs::rename(folder / "out/dataset.json", folder / "task/labelsTr/dataset.json");
  check_labels(evaluate_labels(folder / "task/labelsTr", folder / "out"), "msd", "dataset.json", core_msd);
}

TEST_CASE("a dataset.json that lists its cases says where their references are", "[evaluate]") {
  const TemporaryFolder folder;
  write_values(folder / "task/truth/1.nii.gz", reference_values);
  write_values(folder / "out/case_1.nii.gz", predicted_values);
  nlohmann::json description = nlohmann::json::parse(decathlon);
  description["dataset"]["case_1"] = {{"images", {"scans/1.nii.gz"}}, {"label", "truth/1.nii.gz"}};
  description["dataset"]["case_2"] = {{"images", {"scans/2.nii.gz"}}, {"label", "truth/2.nii.gz"}};
  write_values(folder / "task/truth/2.nii.gz", reference_values);
  write_bytes(folder / "task/dataset.json", description.dump());
  write_bytes(folder / "out/dataset.json", description.dump());  // as nnU-Net does
  check_labels(evaluate_labels(folder / "task", folder / "out"), "msd", "dataset.json", core_msd);
  fs::remove(folder / "task/truth/1.nii.gz");
  check_refusal(evaluate_labels(folder / "task", folder / "out"),
                "1.nii.gz] expected the segmentation of case case_1, which dataset.json names, got none");
  // Predictions can be references too. Their copy of dataset.json lists files that are elsewhere.
  write_values(folder / "rater/case_1.nii.gz", predicted_values);
  check_labels(evaluate_labels(folder / "out", folder / "rater"), "msd", "dataset.json", 6);
}

TEST_CASE("names of BraTS say what labels are, and others need --labels", "[evaluate]") {
  const TemporaryFolder folder;
  write_values(folder / "out/one.nii.gz", predicted_values);
  write_values(folder / "named/one-seg.nii.gz", reference_values);
  write_values(folder / "one/one-seg.nii.gz", reference_values);
  write_values(folder / "data/one/one-seg.nii.gz", reference_values);
  for (const char* reference : {"named", "named/one-seg.nii.gz", "one", "one/one-seg.nii.gz", "data"}) {
    check_labels(evaluate_labels(folder / reference, folder / "out"), "brats2023", "file name", core_2023);
  }
  write_values(folder / "bare/one.nii.gz", reference_values);
  for (const char* reference : {"bare", "bare/one.nii.gz"}) {
    check_refusal(evaluate_labels(folder / reference, folder / "out/one.nii.gz"),
                  "one.nii.gz] expected a name or a dataset.json that says what the labels are, got neither; say it "
                  "with --labels: brats, brats2015, brats2023, brats2024");
    check_labels(evaluate_labels(folder / reference, folder / "out", "--labels msd"), "msd", "--labels", core_msd);
  }
  // Only what is scored matters.
  write_values(folder / "named/two.nii.gz", reference_values);
  check_labels(evaluate_labels(folder / "named", folder / "out"), "brats2023", "file name", core_2023);
  write_values(folder / "out/two.nii.gz", reference_values);
  check_refusal(evaluate_labels(folder / "named", folder / "out"), "two.nii.gz] expected a name or a dataset.json");

  // Both conventions are in one folder, and each has a line.
  fs::remove(folder / "named/two.nii.gz");
  write_values(folder / "named/two_seg.nii.gz", {0, 1, 2, 4});
  write_values(folder / "out/two.nii.gz", {0, 1, 2, 4});
  const Evaluation mixed = evaluate_labels(folder / "named", folder / "out");
  REQUIRE(mixed.result.exit_code == 0);
  CHECK_THAT(
      mixed.result.output,
      ContainsSubstring(
          "labels: brats (0 background, 1 core, 2 oedema, 4 enhancing), from file name: 1 of 2 cases\n") &&
          ContainsSubstring("labels: brats2023 (0 background, 1 core, 2 oedema, 3 enhancing), from file name: 1 of 2"));
}

TEST_CASE("paediatric names of BraTS say nothing, as 2023 and 2024 differ", "[evaluate]") {
  const TemporaryFolder folder;
  const std::string name = "BraTS-PED-00002-000";
  write_values(folder / "out" / (name + ".nii.gz"), predicted_values);
  write_values(folder / "data" / name / (name + "-seg.nii.gz"), reference_values);
  for (const std::string& reference :
       {std::string("data"), "data/" + name, "data/" + name + "/" + name + "-seg.nii.gz"}) {
    check_refusal(evaluate_labels(folder / reference, folder / "out"),
                  "got BraTS-PED, where 2023 and 2024 differ; say it with --labels: ");
    check_labels(evaluate_labels(folder / reference, folder / "out", "--labels brats2023"), "brats2023", "--labels",
                 core_2023);
  }
}

TEST_CASE("a broken link in place of a case is refused, not passed over", "[evaluate]") {
  const TemporaryFolder folder;
  write_values(folder / "data/one/one_seg.nii.gz", {0, 1, 2, 4});
  write_values(folder / "out/one.nii.gz", {0, 1, 2, 4});
  REQUIRE(evaluate_labels(folder / "data", folder / "out").result.exit_code == 0);
  const auto link = [&](const fs::path& path) {
    fs::create_directories(path.parent_path());
    fs::create_symlink(folder / "gone", path);
  };
  SECTION("a case's folder") {
    link(folder / "data/two");
    check_refusal(evaluate_labels(folder / "data", folder / "out"),
                  "data/two] expected a file or folder, got a broken link");
  }
  SECTION("a case's segmentation") {
    link(folder / "data/two/two-seg.nii.gz");
    check_refusal(evaluate_labels(folder / "data", folder / "out"),
                  "two-seg.nii.gz] expected a file or folder, got a broken link");
  }
  SECTION("the file itself") {
    link(folder / "two_seg.nii.gz");
    check_refusal(evaluate_labels(folder / "two_seg.nii.gz", folder / "out/one.nii.gz"),
                  "got a broken link; check the path");
  }
  SECTION("a prediction") {
    link(folder / "out/two.nii");
    check_refusal(evaluate_labels(folder / "data", folder / "out"),
                  "two.nii] expected a file or folder, got a broken link");
  }
}
