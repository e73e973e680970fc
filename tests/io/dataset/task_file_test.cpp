// Tests tasks in TOML: what they say, which files of a folder they name, and what is refused.
#include "io/dataset/task_file.h"

#include "engine/error.h"
#include "io/dataset/dataset.h"
#include "io/dataset/layouts/named_files.h"
#include "io/task/task_json.h"
#include "tests/io/dataset/small_datasets.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;
using nlohmann::json;

namespace {

constexpr const char* kLiver = R"(
name = "Liver"
background = -1024
spacing = [0.75, 0.75, 2]
interpolation = "linear"
mirror = ["x", "z"]
segmentation = "{case}/masks/{case}_seg"
ignored = "unsure"

[labels]
nothing = 0
liver = 1
tumour = 2
unsure = 9

[[channels]]
name = "CT"
files = "{case}/ct.nii.gz"
normalisation = "ct"

[[channels]]
name = "prior"
files = "{case}/*_prior.nii"
normalisation = "none"

[[regions]]
name = "organ"
labels = ["liver", "tumour"]
meaning = "the whole liver"

[[regions]]
name = "lesion"
labels = ["tumour"]
shown_on = "prior"
)";

constexpr const char* kClasses = R"(
labels = {background = 0, b = 4, a = 2}
[[channels]]
name = "T2w"
files = "{case}.nii"
[[channels]]
name = "ADC"
files = "{case}.nii"
)";

io::TaskFile task_of(const std::string& toml) {
  const TemporaryFolder folder;
  return io::read_task_file(make_file(folder / "prostate.toml", toml));
}

std::string refusal_of(const std::string& toml) {
  return message_of<DataError>([&] { task_of(toml); });
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// Returns the relative path of each file of a case, by its role.
std::map<std::string, std::string> files_in(const io::CaseFiles& files, const fs::path& root) {
  std::map<std::string, std::string> paths;
  for (const io::CaseFile& file : io::files_of(files)) paths[file.role] = file.path.lexically_relative(root).string();
  return paths;
}

io::DatasetScan scan_of(const fs::path& root, const std::string& toml) {
  return io::scan_dataset(root, io::profile_of_task(task_of(toml).task));
}

}  // namespace

TEST_CASE("a task's file says its channels, labels, regions, files and spacing") {
  const io::TaskFile file = task_of(kLiver);
  CHECK(io::to_json(*file.task) == json::parse(R"({"name": "Liver", "exclusive": false, "ignored": 9,
    "modalities": [{"name": "CT", "normalisation": "ct"}, {"name": "prior", "normalisation": "none"}],
    "labels": [{"number": 0, "name": "nothing"}, {"number": 1, "name": "liver"}, {"number": 2, "name": "tumour"},
               {"number": 9, "name": "unsure"}],
    "regions": [{"name": "organ", "labels": [1, 2], "written": 1, "meaning": "the whole liver", "shown_on": 0},
                {"name": "lesion", "labels": [2], "written": 2, "shown_on": 1}],
    "resampling": {"spacing": [0.75, 0.75, 2.0], "interpolation": "linear"},
    "files": {"images": [{"pattern": "{case}/ct.nii.gz", "frame": 0, "frames": 1},
                         {"pattern": "{case}/*_prior.nii", "frame": 0, "frames": 1}],
              "segmentation": "{case}/masks/{case}_seg"}})"));
  CHECK(file.background->name() == "-1024");
  CHECK(file.mirror == "x,z");
}

TEST_CASE("a task's file without regions has exclusive classes, and the rest follows") {
  const io::TaskFile file = task_of(kClasses);
  CHECK(file.task->resampling().kind == io::Resampling::Kind::automatic);
  io::Task::Rules rules = file.task->rules();
  rules.resampling = {};  // as once the cases are known
  CHECK(io::to_json(*io::with_rules(*file.task, rules)) == json::parse(R"({"name": "prostate", "exclusive": true,
    "modalities": [{"name": "T2w", "normalisation": "auto"}, {"name": "ADC", "normalisation": "auto"}],
    "labels": [{"number": 0, "name": "background"}, {"number": 2, "name": "a"}, {"number": 4, "name": "b"}],
    "regions": [{"name": "a", "labels": [2], "written": 2, "shown_on": 0},
                {"name": "b", "labels": [4], "written": 4, "shown_on": 0}],
    "files": {"images": [{"pattern": "{case}.nii", "frame": 0, "frames": 2},
                         {"pattern": "{case}.nii", "frame": 1, "frames": 2}], "segmentation": ""}})"));
  CHECK_FALSE(file.background);
  CHECK_FALSE(file.mirror);
  const std::string bare = replaced(replaced(kClasses, "files = \"{case}.nii\"", ""), "files = \"{case}.nii\"", "");
  CHECK_FALSE(task_of(bare).task->rules().files);
  CHECK(task_of("spacing = \"none\"" + bare).task->resampling() == io::Resampling{});
  CHECK(task_of("mirror = []" + bare).mirror == "none");
}

TEST_CASE("a task's patterns find the files of cases in any folders") {
  const TemporaryFolder folder;
  const fs::path root = folder.path();
  for (const char* name : {"P1", "P2.b", "P3"}) {
    const fs::path own = root / name;
    make_file(own / "ct.nii.gz");
    make_file(own / "atlas_prior.nii");
    make_file(own / "masks" / (std::string(name) + "_seg.nii.gz"));
    make_file(own / "notes.txt");
    make_file(own / "masks/older/P1_seg.nii.gz");  // deeper than the pattern
    make_file(own / ".ct.nii.gz");                 // as some systems leave them
  }
  make_file(root / "other/P1_ct.nii.gz");
  const io::DatasetScan scan = scan_of(root, kLiver);
  CHECK(scan.problems.empty());
  REQUIRE(scan.cases.size() == 3);
  CHECK(scan.cases[1].name == "P2.b");
  CHECK(files_in(scan.cases[1], root) == std::map<std::string, std::string>{{"CT", "P2.b/ct.nii.gz"},
                                                                            {"prior", "P2.b/atlas_prior.nii"},
                                                                            {"seg", "P2.b/masks/P2.b_seg.nii.gz"}});
  const io::LabelProfile profile = io::profile_of_task(task_of(kLiver).task);
  CHECK(io::segmentations_by_pattern(root, profile) ==
        std::map<std::string, fs::path>{{"P1", root / "P1/masks/P1_seg.nii.gz"},
                                        {"P2.b", root / "P2.b/masks/P2.b_seg.nii.gz"},
                                        {"P3", root / "P3/masks/P3_seg.nii.gz"}});

  SECTION("and refuse two of one case") {
    make_file(root / "P3/second_prior.nii");
    const auto problems = scan_of(root, kLiver).problems;
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].case_name == "P3");
    CHECK_THAT(problems[0].message, ContainsSubstring("second_prior.nii] expected one prior of case P3, got also ") &&
                                        ContainsSubstring("atlas_prior.nii; remove one of them, or make the pattern "
                                                          "{case}/*_prior.nii narrower"));
  }
  SECTION("and say which image is missing") {
    fs::remove(root / "P3/ct.nii.gz");
    const auto problems = scan_of(root, kLiver).problems;
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems[0].message, ContainsSubstring("expected the images of case P3 by the task's patterns, got no "
                                                      "CT ({case}/ct.nii.gz)"));
  }
  SECTION("and say which segmentations are missing, where others are there") {
    fs::remove(root / "P3/masks/P3_seg.nii.gz");
    const auto problems = scan_of(root, kLiver).problems;
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].kind == io::DatasetProblem::Kind::segmentation);
    CHECK_THAT(problems[0].message,
               ContainsSubstring("[P3] expected a segmentation, as 2 of 3 cases have one, got none"));
  }
  SECTION("and report a case whose folder is a link to a disk that is missing") {
    fs::create_directory_symlink("/nowhere/P4", root / "P4");
    const auto problems = scan_of(root, kLiver).problems;
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].case_name == "P4");
    CHECK_THAT(problems[0].message, ContainsSubstring("got a broken link"));
  }
  SECTION("and find none elsewhere") {
    fs::create_directories(root / "empty");
    CHECK_THAT(message_of<DataError>([&] { scan_of(root / "empty", kLiver); }),
               ContainsSubstring(
                   "expected files of the names that the task Liver gives, {case}/ct.nii.gz, {case}/*_prior.nii"));
  }
}

TEST_CASE("channels of one pattern are the frames of a 4-D image") {
  const TemporaryFolder folder;
  make_file(folder / "a.nii", frames_image(2));
  const io::DatasetScan scan = scan_of(folder.path(), kClasses);
  REQUIRE(scan.cases.size() == 1);
  const io::CaseVolumes volumes = io::load_case(scan.cases[0]);
  CHECK(volumes.modalities[0][7] == 7);
  CHECK(volumes.modalities[1][7] == 17);
}

TEST_CASE("letters of patterns stand for themselves, and a name is the shortest that fits") {
  const TemporaryFolder folder;
  const std::string own = replaced(replaced(kClasses, "{case}.nii", "s+(1)/{case}_*"), "{case}.nii", "m/*_{case}");
  for (const char* file : {"s+(1)/sub-1_T2_b.NII", "ss(1)/sub-2_T2.nii", "m/ADC_sub-1.nii.gz"}) {
    make_file(folder / file);
  }
  const io::DatasetScan scan = scan_of(folder.path(), own);
  REQUIRE(scan.cases.size() == 1);
  CHECK(files_in(scan.cases[0], folder.path()) ==
        std::map<std::string, std::string>{{"T2w", "s+(1)/sub-1_T2_b.NII"}, {"ADC", "m/ADC_sub-1.nii.gz"}});
}

TEST_CASE("of several patterns that a file fits, the one with most letters of its own has it") {
  const TemporaryFolder folder;
  for (const char* file : {"a.nii", "a_seg.nii", "b.NII.GZ", "b_seg.nii.gz"}) make_file(folder / file);
  const std::string own = "segmentation = \"{case}_seg\"" +
                          replaced(replaced(kClasses, "{case}.nii", "{case}"), "{case}.nii", "{case}.nii.gz");
  const io::DatasetScan scan = scan_of(folder.path(), own);
  CHECK(scan.problems.empty());
  REQUIRE(scan.cases.size() == 2);
  CHECK(files_in(scan.cases[1], folder.path()) ==
        std::map<std::string, std::string>{{"images", "b.NII.GZ"}, {"seg", "b_seg.nii.gz"}});
  CHECK(scan.cases[1].modalities[1].frames == 2);  // patterns that differ in their ending alone are one

  make_file(folder / "x_y_z.nii");
  const std::string equal = replaced(replaced(kClasses, "{case}.nii", "x_{case}"), "{case}.nii", "{case}_z");
  const auto problems = scan_of(folder.path(), equal).problems;
  REQUIRE(!problems.empty());
  CHECK_THAT(problems[0].message,
             ContainsSubstring("x_y_z.nii] expected a name of one pattern, got one of x_{case} and "
                               "{case}_z"));
}

TEST_CASE("a case's name may be followed by digits in a pattern") {
  const TemporaryFolder folder;
  for (const char* file : {"a/a0000.nii", "a/a1.nii"}) make_file(folder / file);
  const std::string own =
      replaced(replaced(kClasses, "{case}.nii", "{case}/{case}0000"), "{case}.nii", "{case}/{case}1");
  const io::DatasetScan scan = scan_of(folder.path(), own);
  REQUIRE(scan.cases.size() == 1);
  CHECK(scan.cases[0].name == "a");
  CHECK(scan.problems.empty());
}

TEST_CASE("a task's file that is not understood is refused") {
  const auto changed = [](const std::string& from, const std::string& to) {
    return refusal_of(replaced(kLiver, from, to));
  };
  CHECK_THAT(refusal_of("name = "), ContainsSubstring("prostate.toml, line 1] expected TOML"));
  CHECK_THAT(refusal_of("name = 1979-05-27"), ContainsSubstring("prostate.toml, line 1] expected a text, a number"));
  CHECK_THAT(refusal_of("name = \"x\""), ContainsSubstring("prostate.toml] expected a section [labels]"));
  CHECK_THAT(changed("spacing", "spacings"), ContainsSubstring("got spacings; did you mean spacing?"));
  CHECK_THAT(changed("[0.75, 0.75, 2]", "[0.75, 0, 2]"),
             ContainsSubstring("expected spacings above 0 and at most 1000 mm, got 0"));
  CHECK_THAT(changed("[0.75, 0.75, 2]", "\"all\""), ContainsSubstring("expected a spacing of three numbers"));
  CHECK_THAT(changed("\"linear\"", "\"nearest\""), ContainsSubstring("expected linear or cubic for interpolation"));
  CHECK_THAT(changed("[\"x\", \"z\"]", "[\"x\", \"x\"]"), ContainsSubstring("once each"));
  CHECK_THAT(changed("-1024", "[0]"), ContainsSubstring("background"));
  CHECK_THAT(changed("\"unsure\"", "\"unsur\""), ContainsSubstring("got unsur; did you mean unsure?"));
  CHECK_THAT(changed("nothing = 0", "nothing = 7"), ContainsSubstring("expected the background, label 0"));
  CHECK_THAT(changed("liver = 1", "liver = 1.5"), ContainsSubstring("liver"));
  CHECK_THAT(changed("unsure = 9", "unsure = 900"), ContainsSubstring("unsure"));
  CHECK_THAT(changed("\"ct\"", "\"CTs\""), ContainsSubstring("for normalisation, got CTs; did you mean ct?"));
  CHECK_THAT(changed("\"{case}/ct.nii.gz\"", "\"ct.nii.gz\""), ContainsSubstring("names with {case}"));
  CHECK_THAT(changed("\"{case}/ct.nii.gz\"", "\"../{case}\""), ContainsSubstring("below the dataset's folder"));
  CHECK_THAT(changed("\"{case}/ct.nii.gz\"", "\"/data/{case}\""), ContainsSubstring("below the dataset's folder"));
  CHECK_THAT(changed("\"{case}/ct.nii.gz\"", "\"{case}/*a*b*c*d*\""),
             ContainsSubstring("at most 1000 letters and 4 *"));
  CHECK_THAT(changed("\"{case}/ct.nii.gz\"", "\"{case}" + std::string(1000, 'a') + "\""),
             ContainsSubstring("at most 1000 letters and 4 *"));
  CHECK_THAT(changed("files = \"{case}/ct.nii.gz\"", ""), ContainsSubstring("expected `files` of each of 2 channels"));
  CHECK_THAT(changed("[\"tumour\"]", "[\"tumor\"]"), ContainsSubstring("got tumor; did you mean tumour?"));
  CHECK_THAT(changed("[\"tumour\"]", "[\"liver\", \"tumour\"]"),
             ContainsSubstring("expected `writes`, the label of voxels in region organ"));
  CHECK_THAT(refusal_of(replaced(kClasses, "ADC", "T2w")), ContainsSubstring("different names"));
  CHECK_THAT(changed("shown_on = \"prior\"", "shown_on = \"MR\""), ContainsSubstring("expected one of the channels"));
  CHECK_THAT(message_of<DataError>([] { io::read_task_file("/nowhere/task.toml"); }),
             ContainsSubstring("/nowhere/task.toml"));
}
