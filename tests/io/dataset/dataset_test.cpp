// Tests BraTS folders: which files make a case, what is refused, and what loading checks.
#include "io/dataset/dataset.h"

#include "engine/error.h"
#include "io/dataset/layouts/case_folder.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

namespace {

namespace fs = std::filesystem;

// Makes empty files `<folder>/<case>_<suffix>` for each suffix, because find_cases looks at names only.
void make_case(const fs::path& folder, const std::vector<std::string>& suffixes) {
  fs::create_directories(folder);
  for (const std::string& suffix : suffixes) write_bytes(folder / (folder.filename().string() + "_" + suffix), "");
}

const std::vector<std::string> labelled = {"t1.nii.gz", "t1ce.nii.gz", "t2.nii.gz", "flair.nii.gz", "seg.nii.gz"};
const std::vector<std::string> unlabelled(labelled.begin(), labelled.end() - 1);

std::vector<std::string> without(const std::string& suffix) {
  std::vector<std::string> suffixes = labelled;
  suffixes.erase(std::find(suffixes.begin(), suffixes.end(), suffix));
  return suffixes;
}

std::vector<std::string> names_in(const fs::path& path) {
  std::vector<std::string> names;
  for (const io::CaseFiles& files : io::find_cases(path)) names.push_back(files.name);
  return names;
}

std::string dataset_refusal(const fs::path& path) {
  return message_of<DataError>([&] { io::find_cases(path); });
}

// Makes a case of real images, 4 x 3 x 2. Voxel v of modality m is 100 m + v, and labels are all `label`.
io::CaseFiles make_images(const TemporaryFolder& folder, uint8_t label = 0) {
  fs::create_directories(folder / "a");
  io::CaseFiles files("a", io::LabelProfile::brats());
  files.segmentation = folder / "a/a_seg.nii";
  for (size_t m = 0; m < 4; ++m) {
    NiftiBytes image;
    std::vector<int16_t> values(24);
    for (size_t v = 0; v < 24; ++v) values[v] = static_cast<int16_t>(100 * m + v);
    image.fill(values);
    files.modalities[m].path =
        write_bytes(folder / fmt::format("a/a_{}.nii", io::brats_task()->modalities()[m]), image.bytes());
  }
  NiftiBytes labels;
  labels.datatype(2, 8);
  labels.fill(std::vector<uint8_t>(24, label));
  write_bytes(*files.segmentation, labels.bytes());
  return files;
}

std::string load_refusal(const io::CaseFiles& files) {
  return message_of<DataError>([&] { io::load_case(files); });
}

}  // namespace

TEST_CASE("where an image does not say which way its axes go, the case's others do", "[dataset]") {
  const TemporaryFolder folder;
  const io::CaseFiles files = make_images(folder);
  const io::CaseVolumes unknown = io::load_case(files);
  CHECK(unknown.modalities[0][0] == 0);  // as in the file
  NiftiBytes labels;
  labels.datatype(2, 8);
  labels.srow({1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});  // x goes right and y forward, in BraTS left and back
  labels.fill(std::vector<uint8_t>(24, 0));
  write_bytes(*files.segmentation, labels.bytes());
  const io::CaseVolumes known = io::load_case(files);
  CHECK(known.modalities[0][0] == 11);  // (3, 2, 0) of 4 x 3 x 2
}

TEST_CASE("cases directly in a folder, sorted by name whatever the order of making") {
  const TemporaryFolder folder;
  for (const char* name : {"b10", "c", "b2", "a"}) make_case(folder / name, labelled);
  write_bytes(folder / "name_mapping.csv", "");
  fs::create_directories(folder / ".cache");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"a", "b10", "b2", "c"});
  CHECK(names_in(folder.path() / "") == std::vector<std::string>{"a", "b10", "b2", "c"});
}

TEST_CASE("the files of a case, in channel order, compressed or not") {
  const TemporaryFolder folder;
  make_case(folder / "a", {"t1.nii", "t1ce.nii.gz", "t2.nii", "flair.nii.gz", "seg.nii"});
  write_bytes(folder / "a/rater_1.nii.gz", "");
  const auto cases = io::find_cases(folder.path());
  REQUIRE(cases.size() == 1);
  const char* expected[] = {"a_t1.nii", "a_t1ce.nii.gz", "a_t2.nii", "a_flair.nii.gz"};
  for (size_t m = 0; m < 4; ++m) CHECK(cases[0].modalities[m].path.filename() == expected[m]);
  REQUIRE(cases[0].segmentation);
  CHECK(cases[0].segmentation->filename() == "a_seg.nii");
  CHECK(fs::exists(cases[0].modalities[2].path));
}

TEST_CASE("cases below HGG and LGG, sorted over both") {
  const TemporaryFolder folder;
  make_case(folder / "HGG/b", labelled);
  make_case(folder / "HGG/d", labelled);
  make_case(folder / "LGG/a", labelled);
  make_case(folder / "c", labelled);
  CHECK(names_in(folder.path()) == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(names_in(folder / "HGG") == std::vector<std::string>{"b", "d"});
  make_case(folder / "LGG/b", labelled);
  CHECK_THAT(dataset_refusal(folder.path()),
             ContainsSubstring("one case of each name, got b") && ContainsSubstring("HGG") && ContainsSubstring("LGG"));
  const io::DatasetScan scan = io::scan_dataset(folder.path());
  REQUIRE(scan.cases.size() == 5);  // five: what is wrong with the second case's files is found as well
  CHECK(scan.cases[1].modalities[0].path.parent_path() == folder / "HGG/b");
  CHECK(scan.cases[2].modalities[0].path.parent_path() == folder / "LGG/b");
}

TEST_CASE("a single case's folder") {
  const TemporaryFolder folder;
  make_case(folder / "a", unlabelled);
  make_case(folder / "b", labelled);
  CHECK(names_in(folder / "a") == std::vector<std::string>{"a"});
  CHECK(names_in(folder.path() / "a" / "") == std::vector<std::string>{"a"});
  CHECK_FALSE(io::find_cases(folder / "a")[0].segmentation);
  CHECK(io::find_cases(folder / "b")[0].segmentation);
  CHECK(names_in(folder / "b/../a/.") == std::vector<std::string>{"a"});
}

TEST_CASE("suffixes are matched whole") {
  const TemporaryFolder folder;
  const std::string missing = GENERATE("t1", "t1ce", "t2", "flair");
  make_case(folder / "a", without(missing + ".nii.gz"));
  // Each of these holds the missing suffix somewhere in its name.
  for (const char* trap : {"a_{}_brain.nii.gz", "b_{}.nii.gz", "a_x{}.nii.gz", "aa_{}.nii.gz", "a_{}.nii.gz.tmp",
                           "a_a_{}.nii.gz", "a_{}.img"}) {
    write_bytes(folder.path() / "a" / fmt::format(fmt::runtime(trap), missing), "");
  }
  CHECK_THAT(dataset_refusal(folder.path()),
             ContainsSubstring("/a] expected a_{t1,t1ce,t2,flair}.nii.gz") &&
                 ContainsSubstring(fmt::format("got no {0} (there, and of another name: a_x{0}.nii.gz);", missing)));
}

TEST_CASE("missing modalities are allowed where that is asked for, and nothing else that is wrong") {
  const TemporaryFolder folder;
  make_case(folder / "a", without("t2.nii.gz"));
  const auto found = io::find_cases(folder.path(), {}, io::MissingModality::allowed);
  REQUIRE(found.size() == 1);
  CHECK(io::missing_modalities(found[0]) == std::vector<std::string>{"t2"});
  CHECK(io::files_of(found[0]).size() == 4);  // three images and the segmentation
  const auto still = [&] {
    return message_of<DataError>([&] { io::find_cases(folder.path(), {}, io::MissingModality::allowed); });
  };
  write_bytes(folder.path() / "a/a_t1.nii", "");  // next to a_t1.nii.gz
  CHECK_THAT(still(), ContainsSubstring("a_t1.nii"));
  fs::remove(folder.path() / "a/a_t1.nii");
  make_case(folder / "b", {"seg.nii.gz"});
  CHECK_THAT(still(), ContainsSubstring("/b] expected"));
}

TEST_CASE("a case named like a suffix keeps its own files apart") {
  const TemporaryFolder folder;
  make_case(folder / "x", labelled);
  make_case(folder / "x_t1ce", labelled);
  const auto cases = io::find_cases(folder.path());
  REQUIRE(cases.size() == 2);
  CHECK(cases[0].modalities[0].path.filename() == "x_t1.nii.gz");
  CHECK(cases[1].modalities[0].path.filename() == "x_t1ce_t1.nii.gz");
}

TEST_CASE("datasets that are refused") {
  const TemporaryFolder folder;
  SECTION("nothing there, a file, an empty folder") {
    CHECK_THAT(dataset_refusal(folder / "none"),
               ContainsSubstring("none] expected a dataset's or a case's folder, got nothing there"));
    CHECK_THAT(dataset_refusal(folder.path()),
               ContainsSubstring("<case>/<case>_{t1,t1ce,t2,flair}.nii.gz") && ContainsSubstring("got none"));
    CHECK_THAT(dataset_refusal(write_bytes(folder / "a.nii", "")), ContainsSubstring("got a file"));
  }
  SECTION("a folder that is no case, and an empty one that is named as cases are") {
    make_case(folder / "a1", labelled);
    const bool empty = GENERATE(true, false);
    const fs::path other = folder / (empty ? "a22" : "b");
    fs::create_directories(other);
    if (!empty) write_bytes(other / "x.nii.gz", "");
    CHECK_THAT(dataset_refusal(folder.path()), ContainsSubstring(other.string() + "] expected") &&
                                                   ContainsSubstring("no t1, no t1ce, no t2, no flair"));
  }
  SECTION("images side by side, images without dataset.json, folders without images") {
    write_bytes(folder / "Phantom_001_brain.nii.gz", "");
    write_bytes(folder / "Phantom_002_brain.nii.gz", "");
    CHECK_THAT(dataset_refusal(folder.path()),
               ContainsSubstring("got 2 images side by side, the first Phantom_001_brain.nii"));
    fs::create_directories(folder / "imagesTr");
    CHECK_THAT(dataset_refusal(folder.path()), ContainsSubstring("got imagesTr or imagesTs without a dataset.json"));
    fs::create_directories(folder / "x/logs");
    CHECK_THAT(dataset_refusal(folder / "x"),
               ContainsSubstring("got 1 folders without any image, the first ") && ContainsSubstring("/x/logs"));
  }
  SECTION("a folder within a grade's that is no case") {
    make_case(folder / "HGG/a", labelled);
    make_case(folder / "HGG/LGG/b", labelled);
    CHECK_THAT(dataset_refusal(folder.path()), ContainsSubstring("HGG/LGG] expected"));
  }
  SECTION("compressed and not") {
    make_case(folder / "a", labelled);
    const std::string name = GENERATE("a_t2", "a_seg");
    write_bytes(folder.path() / "a" / (name + ".nii"), "");
    CHECK_THAT(dataset_refusal(folder.path()), ContainsSubstring(name + ".nii and " + name + ".nii.gz"));
    CHECK_THAT(dataset_refusal(folder / "a"), ContainsSubstring(name + ".nii and " + name + ".nii.gz"));
  }
  SECTION("one file under two names") {
    make_case(folder / "a", without("t2.nii.gz"));
    fs::create_symlink(folder / "a/a_t1.nii.gz", folder / "a/a_t2.nii.gz");
    CHECK_THAT(dataset_refusal(folder.path()),
               ContainsSubstring("a_t2.nii.gz] expected a file of its own") && ContainsSubstring("a_t1.nii.gz"));
  }
  SECTION("a folder with an image's name") {
    make_case(folder / "a", without("t2.nii.gz"));
    fs::create_directories(folder / "a/a_t2.nii");
    CHECK_THAT(dataset_refusal(folder.path()), ContainsSubstring("a_t2.nii] expected a file, got a folder"));
  }
  SECTION("a segmentation under another name") {
    make_case(folder / "a", unlabelled);
    write_bytes(folder / "a/W39_1998.09.19_Segm.nii", "");
    CHECK_THAT(dataset_refusal(folder.path()),
               ContainsSubstring("a_seg.nii.gz") && ContainsSubstring("W39_1998.09.19_Segm.nii; rename or convert it"));
  }
  SECTION("a link to a case that is gone") {
    make_case(folder / "a", labelled);
    fs::create_symlink(folder / "gone", folder / "b");
    CHECK_THAT(dataset_refusal(folder.path()), ContainsSubstring("/b] expected") && ContainsSubstring("broken link"));
  }
  SECTION("a link to an image that is gone") {
    make_case(folder / "a", labelled);
    const std::string name = GENERATE("a_t1.nii.gz", "a_seg.nii.gz");
    fs::remove(folder.path() / "a" / name);
    fs::create_symlink(folder / "gone", folder.path() / "a" / name);
    CHECK_THAT(dataset_refusal(folder.path()),
               ContainsSubstring(name + "] expected a file or folder, got a broken link"));
  }
}

TEST_CASE("links whose disk is missing are reported, and are no missing files") {
  const TemporaryFolder folder;
  const auto lose = [&](const std::string& file) {
    fs::remove(folder / file);
    fs::create_symlink(folder / "unmounted/file", folder / file);
  };
  const auto refusal_without_modalities = [&] {
    return message_of<DataError>([&] { io::find_cases(folder.path(), {}, io::MissingModality::allowed); });
  };
  make_case(folder / "a", labelled);
  SECTION("a modality, where missing ones are allowed too") {
    lose("a/a_t2.nii.gz");
    CHECK_THAT(dataset_refusal(folder.path()),
               ContainsSubstring("a_t2.nii.gz] expected a file or folder, got a broken link"));
    CHECK_THAT(refusal_without_modalities(),
               ContainsSubstring("a_t2.nii.gz] expected a file or folder, got a broken link"));
  }
  SECTION("all of a case, whose names still say which edition it is") {
    make_case(folder / "b", {"x"});
    for (const char* suffix : {"t1n", "t1c", "t2w", "t2f", "seg"}) {
      fs::create_symlink(folder / "unmounted", folder / fmt::format("b/b-{}.nii.gz", suffix));
    }
    CHECK_THAT(refusal_without_modalities(),
               ContainsSubstring("b-t1n.nii.gz] expected") && ContainsSubstring("broken link"));
  }
  SECTION("a segmentation, without which the case would pass for unlabelled") {
    lose("a/a_seg.nii.gz");
    CHECK_THAT(dataset_refusal(folder.path()),
               ContainsSubstring("a_seg.nii.gz] expected a file or folder, got a broken link"));
    CHECK_THAT(message_of<DataError>([&] { io::brats_segmentation(folder / "a"); }), ContainsSubstring("broken link"));
  }
  SECTION("a link to itself") {
    fs::remove(folder / "a/a_t1.nii.gz");
    fs::create_symlink("a_t1.nii.gz", folder / "a/a_t1.nii.gz");
    CHECK_THAT(dataset_refusal(folder.path()),
               ContainsSubstring("a_t1.nii.gz] expected") && ContainsSubstring("broken link"));
  }
  SECTION("a dataset.json") {
    fs::create_symlink(folder / "unmounted", folder / "dataset.json");
    CHECK_THAT(dataset_refusal(folder.path()),
               ContainsSubstring("dataset.json] expected") && ContainsSubstring("broken link"));
  }
}

TEST_CASE("loading a case") {
  const TemporaryFolder folder;
  const auto volumes = io::load_case(make_images(folder, 4));
  CHECK(volumes.name == "a");
  CHECK(volumes.grid.size == std::array<int64_t, 3>{4, 3, 2});
  CHECK(volumes.header.size() == 348);
  for (size_t m = 0; m < 4; ++m) CHECK(volumes.modalities[m][23] == static_cast<float>(100 * m + 23));
  CHECK(volumes.labels == std::vector<uint8_t>(24, 4));

  io::CaseFiles files = make_images(folder);
  files.segmentation.reset();
  CHECK_FALSE(io::load_case(files).labels);
}

TEST_CASE("cases that cannot be loaded") {
  const TemporaryFolder folder;
  SECTION("labels that BraTS has not") {
    CHECK_THAT(load_refusal(make_images(folder, 3)),
               ContainsSubstring("a_seg.nii] expected the labels 0, 1, 2 and 4 (profile brats), got 3 24 times") &&
                   ContainsSubstring("`labels` brats2023"));
    CHECK_THAT(load_refusal(make_images(folder, 5)), ContainsSubstring("got 5 24 times"));
  }
  const io::CaseFiles files = make_images(folder);
  NiftiBytes image;
  SECTION("another size") {
    image.dims({4, 2, 3});
    image.fill(std::vector<int16_t>(24));
    write_bytes(files.modalities[2].path, image.bytes());
    CHECK_THAT(load_refusal(files), ContainsSubstring("[a] expected one grid") &&
                                        ContainsSubstring("a_t1.nii of 4 x 3 x 2 voxels") &&
                                        ContainsSubstring("a_t2.nii of 4 x 2 x 3 voxels"));
  }
  SECTION("another affine") {
    image.srow({-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});
    image.fill(std::vector<int16_t>(24));
    write_bytes(*files.segmentation, image.bytes());
    CHECK_THAT(load_refusal(files), ContainsSubstring("a_seg.nii") && ContainsSubstring("with another affine"));
  }
  SECTION("more voxels than memory holds: the headers are compared first") {
    NiftiBytes huge;
    huge.dims({1500, 1500, 1500});
    huge.datatype(2, 8);
    const auto path = write_bytes(files.modalities[0].path, huge.bytes());
    fs::resize_file(path, 352 + int64_t{1500} * 1500 * 1500);  // zeros that take no room on disk
    CHECK_THAT(load_refusal(files), ContainsSubstring("a_t1.nii of 1500 x 1500 x 1500 voxels"));
  }
  SECTION("several frames") {
    image.dims({4, 3, 1, 2});
    image.fill(std::vector<int16_t>(24));
    write_bytes(files.modalities[3].path, image.bytes());
    CHECK_THAT(load_refusal(files), ContainsSubstring("a_flair.nii] expected a volume of one frame, got 2"));
  }
}

TEST_CASE("a name that is not UTF-8 is a problem of the scan") {
  const TemporaryFolder folder;
  make_case(folder / "na\xc3\xafve", labelled);
  CHECK(names_in(folder.path()) == std::vector<std::string>{"na\xc3\xafve"});
  make_case(folder / "caf\xe9", labelled);
  CHECK_THAT(dataset_refusal(folder.path()), ContainsSubstring("[caf\\xE9] expected a name in UTF-8, got other bytes"));
}
