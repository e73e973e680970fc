// Tests what a check finds in a dataset as a whole: backgrounds, label conventions, regions, patients, the field of
// view.
#include "engine/error.h"
#include "io/check/check.h"
#include "io/check/check_tables.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr io::Size3 image_size = {8, 6, 5};
const char* const modalities[] = {"t1", "t1ce", "t2", "flair"};

// Adds a case of 8 x 6 x 5 voxels whose brain is 4 x 2 x 2, with values that no other case has, on `background`. Its
// segmentation has one voxel of each of `labels`.
void add_case(const fs::path& data, const std::string& name, const std::vector<uint8_t>& labels, float background = 0) {
  static int number = 0;
  ++number;
  fs::create_directories(data / name);
  const std::vector<char> header = io::make_nifti_header(image_size, {1, 1, 1});
  for (int m = 0; m < 4; ++m) {
    std::vector<float> voxels(8 * 6 * 5, background + 0.25f * static_cast<float>(m) * (background != 0));
    for (const int z : {1, 2}) {
      for (const int y : {3, 4}) {
        for (const int x : {2, 3, 4, 5}) {
          voxels[static_cast<size_t>(x + 8 * (y + 6 * z))] = static_cast<float>(100 * number + 10 * m + x + y + z);
        }
      }
    }
    io::write_nifti(data / name / (name + "_" + modalities[m] + ".nii.gz"), header, voxels, 1);
  }
  std::vector<uint8_t> segmentation(8 * 6 * 5);
  std::copy(labels.begin(), labels.end(), segmentation.begin() + number % 200);
  io::write_nifti(data / name / (name + "_seg.nii.gz"), header, segmentation);
}

std::vector<std::string> kinds_of(const std::vector<io::Finding>& findings) {
  std::vector<std::string> kinds;
  for (const io::Finding& f : findings) kinds.emplace_back(name_of(f.kind));
  return kinds;
}

io::CheckedDataset check(const fs::path& data, const std::string& labels = "") {
  return io::check_dataset(data, {.labels = labels.empty() ? std::nullopt : std::optional(io::label_profile(labels))});
}

using Kinds = std::vector<std::string>;

}  // namespace

TEST_CASE("a sound dataset has no findings, and brains are measured", "[check]") {
  const TemporaryFolder folder;
  add_case(folder.path(), "case_1", {1, 2, 4});
  const io::CheckedDataset checked = check(folder.path());
  CHECK((checked.count(false) == 0 && checked.count(true) == 0));
  CHECK(checked.cases[0].nonzero == io::Size3{4, 2, 2});
}

TEST_CASE("a background that is not 0 is reported with its value, its share and the option for it", "[check]") {
  const TemporaryFolder folder;
  add_case(folder.path(), "case_1", {1, 2, 4}, -0.75f);
  const io::CheckedDataset checked = check(folder.path());
  REQUIRE(kinds_of(checked.cases[0].findings) == Kinds{"background"});
  CHECK(checked.count(true) == 1);
  // 16 of 240 voxels are brain. The background of t2 is -0.25, and that of flair is 0.
  CHECK_THAT(
      checked.cases[0].findings[0].message,
      ContainsSubstring("case_1_t1.nii.gz] expected a background of 0, got -0.75 in 93.3 % of t1, -0.5 in 93.3 % "
                        "of t1ce, -0.25 in 93.3 % of t2: it counts as content") &&
          ContainsSubstring("`background` corner"));
  CHECK(checked.cases[0].nonzero == image_size);
  const io::CheckedDataset by_corner = io::check_dataset(folder.path(), {.background = io::parse_background("corner")});
  CHECK(by_corner.count(true) == 0);
  CHECK(by_corner.cases[0].nonzero == io::Size3{4, 2, 2});
  const io::CheckedDataset by_value = io::check_dataset(folder.path(), {.background = io::parse_background("-0.75")});
  CHECK(kinds_of(by_value.cases[0].findings) == Kinds{"unreadable", "unreadable", "unreadable"});  // not t1
}

TEST_CASE("images without any background are reported", "[check]") {
  const TemporaryFolder folder;
  add_case(folder.path(), "case_1", {1, 2, 4});
  std::vector<float> voxels(8 * 6 * 5);
  for (size_t v = 0; v < voxels.size(); ++v) voxels[v] = 1 + static_cast<float>(v);
  io::write_nifti(folder / "case_1/case_1_t2.nii.gz", io::make_nifti_header(image_size, {1, 1, 1}), voxels, 1);
  const io::CheckedDataset checked = check(folder.path());
  REQUIRE(kinds_of(checked.cases[0].findings) == Kinds{"background"});
  CHECK_THAT(checked.cases[0].findings[0].message,
             ContainsSubstring("got no frequent value and 0 % zeros in t2") && ContainsSubstring("skull stripping"));
}

TEST_CASE("labels 3 and 4 of a dataset have several readings, whichever cases they are in", "[check]") {
  const TemporaryFolder folder;
  add_case(folder.path(), "case_1", {1, 2, 3});
  SECTION("some have 4") {
    add_case(folder.path(), "case_2", {1, 2, 4});
    const io::CheckedDataset checked = check(folder.path());
    REQUIRE(kinds_of(checked.cases[0].findings) == Kinds{"labels"});
    const std::string message = checked.cases[0].findings[0].message;
    for (const char* profile : {"brats2015 (", "brats2024 (", "brats2024-rc (", "brats2024-ped ("}) {
      CHECK_THAT(message, ContainsSubstring("`labels` " + std::string(profile)));
    }
    CHECK_THAT(message, !ContainsSubstring("brats2023") && !ContainsSubstring("msd"));  // these have no 4
    // brats2015 is chosen here, but no case has both labels, so the cases may be of two conventions.
    const io::CheckedDataset chosen = check(folder.path(), "brats2015");
    REQUIRE(kinds_of(chosen.findings) == Kinds{"convention"});
    CHECK_THAT(chosen.findings[0].message, ContainsSubstring("got 3 without 4 in 1 cases, 4 without 3 in 1"));
    add_case(folder.path(), "case_3", {1, 2, 3, 4});
    CHECK(check(folder.path(), "brats2015").findings.empty());
  }
  SECTION("none has") {
    CHECK_THAT(check(folder.path()).cases[0].findings.at(0).message, ContainsSubstring("`labels` brats2015 (") &&
                                                                         ContainsSubstring("`labels` brats2023 (") &&
                                                                         ContainsSubstring("`labels` msd ("));
  }
}

TEST_CASE("regions that no case has are reported once", "[check]") {
  const TemporaryFolder folder;
  add_case(folder.path(), "case_1", {});
  add_case(folder.path(), "case_2", {});
  io::CheckedDataset checked = check(folder.path());
  REQUIRE(kinds_of(checked.findings) == Kinds{"regions"});
  CHECK_THAT(checked.findings[0].message, ContainsSubstring("no case has a labelled voxel"));
  CHECK(checked.count(true) == 1);
  // This dataset of BraTS 2021 is read as one of 2024. Its enhancing tumour then counts as background.
  add_case(folder.path(), "case_3", {1, 2, 4});
  CHECK(check(folder.path()).findings.empty());
  checked = check(folder.path(), "brats2024");
  REQUIRE(kinds_of(checked.findings) == Kinds{"regions"});
  CHECK_THAT(checked.findings[0].message,
             ContainsSubstring("got no case with ET, read as brats2024 (0 background, 1 core, 2 oedema, 3 enhancing, 4 "
                               "background)"));
}

TEST_CASE("patients as the user names them decide on copies, and every case needs one", "[check]") {
  const TemporaryFolder folder;
  for (const char* name : {"x_before", "x_after"}) add_case(folder.path(), name, {1, 2, 4});
  fs::copy_file(folder / "x_after/x_after_t1.nii.gz", folder / "x_before/x_before_t1.nii.gz",
                fs::copy_options::overwrite_existing);
  CHECK(kinds_of(check(folder.path()).cases[1].findings) == Kinds{"leakage"});
  const auto with = [&](const char* patients) { return io::DatasetOptions{.patients = io::Patients(patients)}; };
  CHECK(kinds_of(io::check_dataset(folder.path(), with("^(.)_")).cases[1].findings) == Kinds{"duplicate"});
  CHECK_THAT(message_of<UsageError>([&] { io::check_dataset(folder.path(), with("(.)_after")); }),
             ContainsSubstring("finds none in x_before"));
}

TEST_CASE("a field of view that cuts brains, or is mostly padding, is reported with a better one", "[check]") {
  io::CheckedCase known;
  known.name = "a";
  known.task = io::brats_task();
  known.grid.emplace();
  known.grid->size = {50, 60, 40};
  known.grid->spacing = {1, 1, 1};
  known.grid->affine.setIdentity();
  known.grid->oriented = false;
  io::CheckedCase measured = known;
  measured.name = "b";
  measured.nonzero = io::Size3{40, 30, 20};
  const auto told = [](const std::vector<io::CheckedCase>& cases, const io::Size3& view,
                       const io::Size3& multiple = {16, 16, 16}) {
    std::string text;
    for (const io::Finding& f : io::field_of_view_findings(cases, {view, multiple})) text += f.message;
    return text;
  };
  CHECK(told({measured}, {48, 32, 32}).empty());
  CHECK_THAT(told({measured, measured}, {32, 32, 32}),
             ContainsSubstring("got 32,32,32, which cuts 2 of 2; the first, case b, takes 40,30,20 voxels") &&
                 ContainsSubstring("`size` 48,32,32 holds them all"));
  CHECK_THAT(told({measured}, {32, 32, 32}, {16, 16, 4}), ContainsSubstring("`size` 48,32,20 holds them all"));
  // 160 x 192 x 160 is 100 times 48 x 32 x 32, 25 times 64 x 64 x 48 and 1.3 times 144 x 176 x 144.
  CHECK_THAT(told({measured}, io::default_field_of_view),
             ContainsSubstring("of about the cases' size, got the default, 160,192,160: 100 times the voxels") &&
                 ContainsSubstring("that `size` 48,32,32 takes"));
  CHECK_THAT(told({known}, io::default_field_of_view),
             ContainsSubstring("images' size, got the default, 160,192,160: 25 times") &&
                 ContainsSubstring("`size` 64,64,48"));
  CHECK(told({measured}, {96, 96, 96}).empty());  // a chosen size gives no advice
  measured.nonzero = io::Size3{140, 170, 140};
  CHECK(told({measured}, io::default_field_of_view).empty());
  CHECK(told({known}, {32, 32, 32}).empty());  // the brain's size is unknown
}

TEST_CASE("names cannot command the terminal through the check's table", "[check]") {
  const TemporaryFolder folder;
  add_case(folder.path(), "a\x1b[2J\n1", {1, 2, 4});
  fs::create_directories(folder / "left\x1b[3J");
  const std::string table = io::table_of(check(folder.path()));
  CHECK(table.find('\x1b') == std::string::npos);
  CHECK_THAT(table, ContainsSubstring("a\\x1b[2J\\x0a1  ") && ContainsSubstring("left\\x1b[3J"));
}
