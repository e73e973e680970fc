// Tests folders as people have them: other spellings of names, what archives and disks leave behind, what cannot be
// read.
#include <unistd.h>

#include <set>

#include "engine/error.h"
#include "io/dataset/dataset.h"
#include "io/dataset/layouts/case_folder.h"
#include "io/dataset/layouts/spellings.h"
#include "tests/io/test_files.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

namespace {

namespace fs = std::filesystem;

void make_files(const fs::path& folder, const std::vector<std::string>& names) {
  fs::create_directories(folder);
  for (const std::string& name : names) write_bytes(folder / name, "");
}

void make_case(const fs::path& folder) {
  const std::string name = folder.filename().string();
  make_files(folder, {name + "_t1.nii.gz", name + "_t1ce.nii.gz", name + "_t2.nii.gz", name + "_flair.nii.gz",
                      name + "_seg.nii.gz"});
}

std::vector<std::string> names_of(const io::DatasetScan& scan) {
  std::vector<std::string> names;
  for (const io::CaseFiles& c : scan.cases) names.push_back(c.name);
  return names;
}

std::string folder_refusal(const fs::path& path) {
  return message_of<DataError>([&] { io::find_cases(path); });
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("files of a case in other spellings are read where there is one of each") {
  const TemporaryFolder folder;
  const auto [files, labels] = GENERATE(table<Names, std::string>({
      {{"A_1_T1.nii.gz", "A_1_T1Gd.nii.gz", "A_1_T2.nii", "A_1_FLAIR.nii.gz", "A_1_Seg.nii.gz"}, "brats"},
      {{"t1.nii.gz", "t1ce.nii.gz", "t2.nii.gz", "flair.nii.gz", "seg.nii.gz"}, "brats"},
      {{"T1w.nii.gz", "T1-post.nii.gz", "T2w.nii.gz", "T2_FLAIR.nii.gz", "label.nii.gz"}, "brats"},
      {{"a_1-t1.nii", "a_1.T1CE.nii", "A_1 t2.nii", "A_1_Flair.nii", "segmentation.nii"}, "brats"},
      {{"A_1-T1N.nii.gz", "A_1-T1C.nii.gz", "A_1-T2W.nii.gz", "A_1-T2F.nii.gz", "A_1-SEG.nii.gz"}, "brats2023"},
      {{"t1n.nii.gz", "t1c.nii.gz", "t2w.nii.gz", "t2f.nii.gz", "seg.nii.gz"}, "brats2023"},
      // The edition's own name comes first.
      {{"A_1_t1.nii.gz", "A_1_T1ce.nii.gz", "A_1_t2.nii.gz", "A_1_flair.nii.gz", "A_1_seg.nii.gz", "t1.nii.gz"},
       "brats"},
  }));
  make_files(folder / "A_1", files);
  for (const fs::path& path : {folder.path(), folder / "A_1"}) {
    const auto cases = io::find_cases(path);
    REQUIRE(cases.size() == 1);
    for (size_t m = 0; m < 4; ++m) CHECK(cases[0].modalities[m].path == folder / "A_1" / files[m]);
    CHECK(cases[0].segmentation == folder / "A_1" / files[4]);
    CHECK(cases[0].labels.name() == labels);
  }
  CHECK(std::ranges::count(io::scan_dataset(folder.path()).respelled,
                           (folder / "A_1" / files[1]).string() + " as " + (labels == "brats" ? "t1ce" : "t1c")) == 1);
  CHECK(io::brats_segmentation(folder / "A_1") == folder / "A_1" / files[4]);
}

TEST_CASE("files that could be two things are refused, and the message has the nearest name to a missing one") {
  const TemporaryFolder folder;
  make_case(folder / "A_1");
  fs::remove(folder / "A_1/A_1_t1.nii.gz");
  SECTION("two spellings of one modality") {
    make_files(folder / "A_1", {"A_1_T1.nii.gz", "t1w.nii.gz"});
    CHECK_THAT(folder_refusal(folder.path()),
               ContainsSubstring("expected one file for t1, got A_1_T1.nii.gz and t1w.nii.gz"));
  }
  SECTION("two spellings of the segmentation") {
    fs::rename(folder / "A_1/A_1_seg.nii.gz", folder / "A_1/seg.nii.gz");
    make_files(folder / "A_1", {"A_1_t1.nii.gz", "A_1_label.nii.gz"});
    CHECK_THAT(folder_refusal(folder.path()),
               ContainsSubstring("expected one file for the segmentation, got A_1_label.nii.gz "
                                 "and seg.nii.gz"));
  }
  SECTION("another case's file, a file of another name") {
    make_files(folder / "A_1", {"rater.nii.gz", "A_2_t1.nii.gz", "readme.txt"});
    CHECK_THAT(folder_refusal(folder.path()),
               ContainsSubstring("got no t1 (there, and of another name: A_2_t1.nii.gz)"));
  }
  SECTION("images in a folder of their own") {
    fs::remove_all(folder / "A_1");
    make_files(folder / "A_1/anat", {"A_1_t1.nii.gz"});
    CHECK_THAT(folder_refusal(folder.path()),
               ContainsSubstring("no flair; images lie deeper, as ") && ContainsSubstring("A_1/anat/A_1_t1.nii.gz"));
  }
}

TEST_CASE("a case without a segmentation may have one in its name, but none next to it under another name") {
  const TemporaryFolder folder;
  const fs::path root = folder / "Segovia_01";
  make_files(root, {"Segovia_01_t1.nii.gz", "Segovia_01_t1ce.nii.gz", "Segovia_01_t2.nii.gz", "Segovia_01_flair.nii.gz",
                    "Segovia_01_segments.json", "Segovia_01_brain.nrrd"});
  const auto cases = io::find_cases(folder.path());
  REQUIRE(cases.size() == 1);
  CHECK_FALSE(cases[0].segmentation.has_value());
  for (const std::string name : {"Segovia_01_seg.nrrd", "seg.MHA", "Segovia_01_seg.nii.gz.part", "my_seg.nii.gz"}) {
    write_bytes(root / name, "");
    CHECK_THAT(folder_refusal(folder.path()),
               ContainsSubstring("_seg.nii.gz (or .nii), got " + name + "; rename or convert"));
    fs::remove(root / name);
  }
  write_bytes(root / "Segovia_01_seg.NII.GZ", "");
  CHECK(io::find_cases(folder.path()).at(0).segmentation == root / "Segovia_01_seg.NII.GZ");
}

TEST_CASE("T1+ is T1 with contrast, never T1") {
  CHECK(io::modality_of_name("T1+") == 1);
  CHECK(io::modality_of_name("t1") == 0);
  CHECK_FALSE(io::modality_of_name("t2+").has_value());
}

TEST_CASE("folders without an image are left out, unless they are named as the cases are") {
  const TemporaryFolder folder;
  make_case(folder / "Phantom_001");
  make_case(folder / "HGG/Phantom_002");
  make_files(folder / "__MACOSX/Phantom_001", {"._Phantom_001_t1.nii.gz"});
  make_files(folder / "@eaDir/Phantom_001_t1.nii.gz", {"SYNO@.fileindexdb"});
  make_files(folder / "HGG/@eaDir", {});
  make_files(folder / "logs", {"a.txt"});
  make_files(folder / "run_1", {"log.csv"});
  make_files(folder / "Phantom_001", {"._Phantom_001_t1.nii.gz", ".DS_Store"});
  const io::DatasetScan scan = io::scan_dataset(folder.path());
  CHECK(names_of(scan) == Names{"Phantom_001", "Phantom_002"});
  CHECK(scan.problems.empty());
  CHECK(std::set(scan.left_out.begin(), scan.left_out.end()) ==
        std::set<std::string>{folder / "__MACOSX", folder / "@eaDir", folder / "HGG/@eaDir", folder / "logs",
                              folder / "run_1"});
  std::vector<std::string> notes;
  io::find_cases(folder.path(), {}, io::MissingModality::refused,
                 [&](const std::string& note) { notes.push_back(note); });
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], ContainsSubstring("left out, as there is no image inside: ") &&
                           ContainsSubstring((folder / "HGG/@eaDir").string()));
  // One case has lost its images, and one has images with other names.
  make_files(folder / "Phantom_017", {"readme.txt"});
  make_files(folder / "other", {"prediction.nii.gz"});
  const io::DatasetScan more = io::scan_dataset(folder.path());
  CHECK(names_of(more) == Names{"Phantom_001", "Phantom_002", "Phantom_017", "other"});
  CHECK(more.problems.size() == 4);  // modalities and segmentation of both
}

TEST_CASE("a case's folder that cannot be read is one problem of the scan") {
  const TemporaryFolder folder;
  const fs::path other = folder / "Phantom_002";
  make_case(folder / "Phantom_001");
  const auto expect_one_problem = [&] {
    const io::DatasetScan scan = io::scan_dataset(folder.path());
    REQUIRE(scan.problems.size() == 1);
    CHECK_THAT(scan.problems[0].message, ContainsSubstring("Phantom_002"));
    CHECK(scan.cases[0].name == "Phantom_001");
    CHECK(scan.cases[0].segmentation);
  };
  SECTION("a link to itself") {
    fs::create_symlink("Phantom_002", other);
    expect_one_problem();
  }
  SECTION("without permission") {
    if (geteuid() == 0) return;  // root may read everything
    make_case(other);
    fs::permissions(other, fs::perms::none);
    expect_one_problem();
    fs::permissions(other, fs::perms::owner_all);  // so that it can be removed
  }
}
