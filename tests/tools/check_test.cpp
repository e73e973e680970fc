// Tests revunet-check as a program: its JSON, exit codes, threads and labels.
#include <nlohmann/json.hpp>

#include "io/nifti/nifti.h"
#include "tests/io/check/made_dataset.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

ToolResult check(const fs::path& data, const std::string& more = "", const std::string& environment = "") {
  return run_tool("revunet-check", fmt::format("--data '{}' {}", data.string(), more), environment);
}

}  // namespace

TEST_CASE("a check of several cases says the same at any number of threads, and how many violations there are",
          "[check]") {
  MadeDataset d;
  for (const char* name : {"a", "b", "c", "d", "e"}) d.add(name, name[0]);
  write_bytes(d.file("b", "t1.nii.gz"), "no image");
  fs::remove(d.file("d", "t2.nii.gz"));
  const ToolResult got = check(d.folder.path());
  CHECK(got.exit_code == 1);
  CHECK_THAT(got.errors, ContainsSubstring("got 2 violations"));
  CHECK_THAT(got.output, ContainsSubstring("5 cases, 5 with a segmentation (labels: brats); 2 violations"));
  CHECK(check(d.folder.path(), "--threads 1").output == got.output);
  CHECK(check(d.folder.path(), "--threads 3").output == got.output);
}

TEST_CASE("the check's JSON takes names that are not UTF-8, and a missing folder is reported first", "[check]") {
  MadeDataset d;
  d.add("Caf\xE9", 1);
  const TemporaryFolder out;
  const ToolResult got = check(d.folder.path(), fmt::format("--json '{}'", (out / "report.json").string()));
  CHECK(got.exit_code == 1);
  CHECK_THAT(got.output, ContainsSubstring("layout (violation): [Caf\\xE9] expected a name in UTF-8, got other bytes"));
  CHECK(nlohmann::json::parse(read_bytes(out / "report.json"))["cases"][0]["case"] == "Caf\xEF\xBF\xBD");  // U+FFFD
  const ToolResult nowhere = check(d.folder.path(), fmt::format("--json '{}'", (out / "none/report.json").string()));
  CHECK(nowhere.exit_code == 3);
  CHECK_THAT(nowhere.errors, ContainsSubstring("none/report.json] expected a folder to write into, got none at"));
  CHECK(nowhere.output.empty());
}

TEST_CASE("exit codes of revunet-check", "[check]") {
  MadeDataset d;
  d.add("a", 1);
  const ToolResult sound = check(d.folder.path());
  CHECK(sound.exit_code == 0);
  CHECK(sound.errors.empty());  // no progress is written into files
  CHECK_THAT(sound.output,
             ContainsSubstring("BraTS 2018-2021: 1 cases, 1 with a segmentation (labels: brats); 0 violations"));
  CHECK(check(d.folder.path(), "--labels msd").exit_code == 1);  // it has no 4
  CHECK(check(d.folder.path(), "--labels other").exit_code == 2);
  CHECK(check(d.folder / "absent").exit_code == 3);
  for (const char* suffix : {"t1", "t1ce", "t2", "flair", "seg"}) {
    write_bytes(d.file("a", std::string(suffix) + ".nii.gz"), "no image");
  }
  const ToolResult unreadable = check(d.folder.path());
  CHECK(unreadable.exit_code == 3);
  CHECK_THAT(unreadable.errors, ContainsSubstring("no image that can be read") && ContainsSubstring("a_t1.nii.gz]"));
}

TEST_CASE("cases of BraTS-PEDs need --labels, which predictions follow", "[check]") {
  const TemporaryFolder folder;
  const fs::path phantom = make_phantoms(folder / "data", 1) / "Phantom_001", data = folder / "peds";
  const std::string name = "BraTS-PED-00007-000";
  fs::create_directories(data / name);
  for (const auto& [ours, theirs] : {std::pair{"t1", "t1n"}, {"t1ce", "t1c"}, {"t2", "t2w"}, {"flair", "t2f"}}) {
    fs::rename(phantom / fmt::format("Phantom_001_{}.nii.gz", ours),
               data / name / fmt::format("{}-{}.nii.gz", name, theirs));
  }
  const ToolResult checked = check(data);
  CHECK(checked.exit_code == 1);
  CHECK_THAT(checked.output, ContainsSubstring("dataset: labels (violation): ") && ContainsSubstring("brats2024-ped"));
  CHECK(check(data, "--labels brats2024-ped").exit_code == 0);
  const fs::path weights = write_untrained(folder / "w.safetensors");
  const ToolResult refused = predict(weights, data, folder / "out");
  CHECK(refused.exit_code == 3);
  CHECK_THAT(refused.errors, ContainsSubstring("expected --labels for cases of BraTS-PEDs"));
  CHECK_FALSE(fs::exists(folder / "out"));
  REQUIRE(predict(weights, data, folder / "2023", "--labels brats2023").exit_code == 0);
  REQUIRE(predict(weights, data, folder / "2024", "--labels brats2024-ped").exit_code == 0);
  const auto a = io::read_nifti_labels(folder / "2023" / (name + ".nii.gz")).labels,
             b = io::read_nifti_labels(folder / "2024" / (name + ".nii.gz")).labels;
  // Core, oedema and enhancing are 1, 2 and 3 in 2023, and 2, 4 and 1 in 2024.
  constexpr std::array<uint8_t, 4> in_2024 = {0, 2, 4, 1};
  int64_t wrong = 0, tumour = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    wrong += b[i] != in_2024.at(a[i]);
    tumour += a[i] != 0;
  }
  CHECK(wrong == 0);
  CHECK(tumour > 0);
}
