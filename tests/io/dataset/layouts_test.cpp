// Tests layouts of datasets: which file, and which frame of it, is which modality; what their labels stand for; what is
// refused.

#include "engine/error.h"
#include "io/dataset/dataset.h"
#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/described_dataset.h"
#include "tests/io/dataset/small_datasets.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"
#include "tests/support/places.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

namespace {

namespace fs = std::filesystem;

// Eight voxels hold each of 0 to 3 twice.
const std::vector<uint8_t> zero_to_three = {0, 1, 2, 3, 0, 1, 2, 3};

constexpr const char* decathlon_json = R"({"modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
  "labels": {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"}, "numTraining": 1})";
std::array<float, 4> first_voxels(const io::CaseVolumes& volumes) {
  return {volumes.modalities[0][0], volumes.modalities[1][0], volumes.modalities[2][0], volumes.modalities[3][0]};
}

}  // namespace

TEST_CASE("BraTS 2023: names with a dash, enhancing tumour is 3") {
  const TemporaryFolder folder;
  const fs::path root = folder / "BraTS-GLI-00002-000";
  int constant = 1;
  for (const char* suffix : {"t1n", "t1c", "t2w", "t2f"}) {
    make_file(root / fmt::format("BraTS-GLI-00002-000-{}.nii", suffix), constant_image(constant++));
  }
  const fs::path segmentation = make_file(root / "BraTS-GLI-00002-000-seg.nii", labels_image(zero_to_three));
  const auto cases = io::find_cases(folder.path());
  REQUIRE(cases.size() == 1);
  CHECK(cases[0].labels.name() == "brats2023");
  const auto volumes = io::load_case(cases[0]);
  CHECK(first_voxels(volumes) == std::array<float, 4>{1, 2, 3, 4});
  CHECK(volumes.labels == std::vector<uint8_t>{0, 1, 2, 4, 0, 1, 2, 4});

  SECTION("2024 has the same names: its label 4 is refused, and read where the user says so") {
    write_bytes(segmentation, labels_image({0, 1, 2, 3, 4, 4, 4, 0}));
    CHECK_THAT(message_of<DataError>([&] { io::load_case(cases[0]); }),
               ContainsSubstring("expected the labels 0, 1, 2 and 3 (profile brats2023), got 4 3 times") &&
                   ContainsSubstring("say what the numbers stand for: `labels` brats2015 (1 core, 2 oedema, 3 core, 4 "
                                     "enhancing) or `labels` brats2024 (1 core, 2 oedema, 3 enhancing, 4 background) "
                                     "or `labels` brats2024-rc (1 core, 2 oedema, 3 enhancing, 4 resection cavity) "
                                     "or `labels` brats2024-ped (1 enhancing, 2 core, 3 core, 4 oedema)"));
    const auto of_2015 = io::find_cases(root, io::LabelProfile::brats2015());
    CHECK(io::load_case(of_2015[0]).labels == std::vector<uint8_t>{0, 1, 2, 1, 4, 4, 4, 0});
    const auto of_2024 = io::find_cases(root, io::LabelProfile::brats2024());
    CHECK(io::load_case(of_2024[0]).labels == std::vector<uint8_t>{0, 1, 2, 4, 0, 0, 0, 0});
  }
  SECTION("names of both years in one folder") {
    make_file(root / "BraTS-GLI-00002-000_t1.nii");
    CHECK_THAT(layout_refusal(folder.path()), ContainsSubstring("BraTS 2018-2021 or of BraTS 2023-2025, got both"));
  }
  SECTION("a modality that is missing, by its name of this layout") {
    fs::remove(root / "BraTS-GLI-00002-000-t2f.nii");
    CHECK_THAT(layout_refusal(folder.path()),
               ContainsSubstring("BraTS-GLI-00002-000-{t1n,t1c,t2w,t2f}.nii.gz") && ContainsSubstring("no t2f"));
  }
}

TEST_CASE("BraTS-PEDs has the same names for two label conventions: one must be chosen") {
  const TemporaryFolder folder;
  const std::string name = GENERATE("BraTS-PED-00007-000", "brats-ped-00007-000");
  const fs::path root = folder / name;
  for (const char* suffix : {"t1n", "t1c", "t2w", "t2f"}) {
    make_file(root / fmt::format("{}-{}.nii", name, suffix), constant_image(1));
  }
  const auto expect_refusal = [&] {
    for (const fs::path& path : {folder.path(), root}) {
      CHECK_THAT(layout_refusal(path), ContainsSubstring("expected `labels` for cases of BraTS-PEDs") &&
                                           ContainsSubstring(name) && ContainsSubstring("brats2023") &&
                                           ContainsSubstring("brats2024-ped"));
    }
  };
  expect_refusal();  // without segmentations: predictions need it
  // In arXiv 2404.15009, 1 is enhancing, 2 non-enhancing, 3 cyst and 4 oedema.
  make_file(root / (name + "-seg.nii"), labels_image({0, 1, 2, 3, 4, 4, 4, 0}));
  expect_refusal();
  const auto& of_2024 = io::LabelProfile::brats2024_ped();
  CHECK(io::load_case(io::find_cases(root, of_2024)[0]).labels == std::vector<uint8_t>{0, 4, 1, 1, 2, 2, 2, 0});
  const auto as_2023 = io::find_cases(root, io::LabelProfile::brats2023());
  const std::string message = message_of<DataError>([&] { io::load_case(as_2023[0]); });
  CHECK_THAT(message, ContainsSubstring("got 4 3 times") && ContainsSubstring("stand for: `labels` brats2024-ped (1"));
  CHECK_THAT(message, !ContainsSubstring("background"));  // no other convention is known of these cases
  // ET is 1, the rest of TC 2, the rest of WT 4.
  CHECK(io::values_of_labels(std::vector<uint8_t>{0, 4, 1, 2}, of_2024) == std::vector<uint8_t>{0, 1, 2, 4});
}

TEST_CASE("case 355 of BraTS 2020 has a segmentation of an odd name") {
  const TemporaryFolder folder;
  const std::string name = GENERATE("BraTS20_Training_355", "BraTS20_Training_356");
  for (const char* suffix : {"t1", "t1ce", "t2", "flair"}) {
    make_file(folder / name / fmt::format("{}_{}.nii", name, suffix));
  }
  make_file(folder / name / "W39_1998.09.19_Segm.nii");
  if (name.ends_with("6")) {
    CHECK_THAT(layout_refusal(folder.path()), ContainsSubstring("got W39_1998.09.19_Segm.nii; rename or convert it"));
    return;
  }
  const auto cases = io::find_cases(folder.path());
  REQUIRE(cases[0].segmentation);
  CHECK(cases[0].segmentation->filename() == "W39_1998.09.19_Segm.nii");
  make_file(folder / name / (name + "_seg.nii"));
  CHECK_THAT(layout_refusal(folder.path()), ContainsSubstring("expected one segmentation"));
}

TEST_CASE("Decathlon: frames in the order of dataset.json, labels by their names") {
  const TemporaryFolder folder;
  make_file(folder / "dataset.json", decathlon_json);
  make_file(folder / "imagesTr/BRATS_001.nii", frames_image(4));
  make_file(folder / "imagesTr/._BRATS_001.nii", "resource fork");
  make_file(folder / "labelsTr/BRATS_001.nii", labels_image(zero_to_three));
  make_file(folder / "imagesTs/BRATS_485.nii", frames_image(4));
  const auto cases = io::find_cases(folder.path());
  REQUIRE(cases.size() == 1);
  CHECK(cases[0].name == "BRATS_001");
  CHECK(cases[0].labels.name() == "msd");
  const auto volumes = io::load_case(cases[0]);
  CHECK(first_voxels(volumes) == std::array<float, 4>{10, 20, 30, 0});  // T1w is frame 1, FLAIR frame 0
  CHECK(volumes.modalities[3] == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(volumes.labels == std::vector<uint8_t>{0, 2, 1, 4, 0, 2, 1, 4});

  const auto unlabelled = io::find_cases(folder / "imagesTs/");
  REQUIRE(unlabelled.size() == 1);
  CHECK(unlabelled[0].name == "BRATS_485");
  CHECK_FALSE(unlabelled[0].segmentation);

  SECTION("fewer frames than modalities") {
    make_file(folder / "imagesTr/BRATS_001.nii", frames_image(3));
    CHECK_THAT(message_of<DataError>([&] { io::load_case(cases[0]); }),
               ContainsSubstring("expected 4 frames") && ContainsSubstring("got 3"));
  }
  SECTION("images without labels, labels without images, too few cases: all at once") {
    fs::remove(folder / "labelsTr/BRATS_001.nii");
    make_file(folder / "labelsTr/BRATS_002.nii");
    make_file(folder / "dataset.json",
              std::string(decathlon_json).replace(std::string(decathlon_json).find("1}"), 2, "7}"));
    const auto scan = io::scan_dataset(folder.path());
    REQUIRE(scan.problems.size() == 3);
    CHECK(scan.problems[0].case_name == "BRATS_001");
    CHECK(scan.problems[1].case_name == "BRATS_002");
    CHECK_THAT(scan.problems[2].message, ContainsSubstring("expected 7 cases, numTraining of dataset.json, got 1"));
    CHECK_THAT(layout_refusal(folder.path()),
               ContainsSubstring("BRATS_001.nii.gz") && ContainsSubstring("and 2 more: run revunet-check `data`"));
  }
}

TEST_CASE("Decathlon and nnU-Net: links whose disk is missing are reported") {
  const TemporaryFolder folder;
  make_nnunet(folder.path(), nnunet_json, GENERATE("imagesTr", "imagesTs"));
  const fs::path images = fs::exists(folder / "imagesTr") ? folder / "imagesTr" : folder / "imagesTs";
  fs::create_directories(folder / "imagesTr");
  SECTION("a channel") {
    make_file(folder / "labelsTr/a.nii");
    fs::remove(images / "a_0002.nii");
    fs::create_symlink(folder / "unmounted", images / "a_0002.nii");
    CHECK_THAT(layout_refusal(images), ContainsSubstring("a_0002.nii] expected") && ContainsSubstring("broken link"));
  }
  SECTION("a segmentation, and all of them") {
    const fs::path labels = io::labels_folder(images);
    fs::create_directories(labels);
    fs::create_symlink(folder / "unmounted", labels / "a.nii");
    CHECK_THAT(layout_refusal(images), ContainsSubstring("a.nii] expected") && ContainsSubstring("broken link"));
    fs::remove_all(labels);
    fs::create_directory_symlink(folder / "unmounted", labels);
    CHECK_THAT(layout_refusal(images),
               ContainsSubstring(labels.filename().string() + "] expected") && ContainsSubstring("broken link"));
  }
  SECTION("an image of four frames") {
    fs::remove_all(images);
    fs::create_directories(images);
    fs::create_symlink(folder / "unmounted", images / "b.nii");
    CHECK_THAT(layout_refusal(images), ContainsSubstring("b.nii] expected") && ContainsSubstring("broken link"));
  }
}

TEST_CASE("nnU-Net: a file a channel, named by dataset.json") {
  const TemporaryFolder folder;
  SECTION("second version, nested regions as labels") {
    make_nnunet(folder.path(), nnunet_json);
    make_file(folder / "labelsTr/a.nii", labels_image(zero_to_three));
    const auto cases = io::find_cases(folder.path());
    REQUIRE(cases.size() == 1);
    const auto volumes = io::load_case(cases[0]);
    CHECK(first_voxels(volumes) == std::array<float, 4>{1, 2, 3, 4});
    CHECK(volumes.labels == std::vector<uint8_t>{0, 2, 1, 4, 0, 2, 1, 4});
  }
  SECTION("first version, other order, other spellings") {
    make_nnunet(folder.path(), R"({"modality": {"0": "t2f", "1": "T2W", "2": "t1n", "3": "T1-Gd"},
      "labels": {"0": "background", "1": "NCR/NET", "2": "Oedema", "5": "Enhancing"}})");
    make_file(folder / "labelsTr/a.nii", labels_image({0, 1, 2, 5, 5, 5, 5, 5}));
    const auto volumes = io::load_case(io::find_cases(folder.path())[0]);
    CHECK(first_voxels(volumes) == std::array<float, 4>{3, 4, 2, 1});
    CHECK(volumes.labels == std::vector<uint8_t>{0, 1, 2, 4, 4, 4, 4, 4});
  }
  SECTION("endings in capitals") {
    make_nnunet(folder.path(), nnunet_json);
    fs::rename(folder / "imagesTr/a_0001.nii", folder / "imagesTr/a_0001.NII");
    make_file(folder / "labelsTr/a.NII.GZ", gzip(labels_image(zero_to_three)));
    const auto cases = io::find_cases(folder.path());
    REQUIRE(cases.size() == 1);
    CHECK(first_voxels(io::load_case(cases[0])) == std::array<float, 4>{1, 2, 3, 4});
    CHECK(cases[0].segmentation == folder / "labelsTr/a.NII.GZ");
    make_file(folder / "imagesTr/a_0001.nii.GZ");
    CHECK_THAT(layout_refusal(folder.path()), ContainsSubstring("expected one file for a_0001, got both"));
  }
  SECTION("the cavity of BraTS 2024, which is background unless it is asked for") {
    make_nnunet(folder.path(), R"({"channel_names": {"0": "T1", "1": "T1ce", "2": "T2", "3": "Flair"},
      "labels": {"background": 0, "NETC": 1, "SNFH": 2, "ET": 3, "RC": 4}})");
    make_file(folder / "labelsTr/a.nii", labels_image(zero_to_three));
    const auto notes = io::notes_of(io::scan_dataset(folder.path()));
    REQUIRE(notes.size() == 1);
    CHECK_THAT(notes[0], ContainsSubstring("names the resection cavity, 4, which is background for the regions WT, TC, "
                                           "ET; to make it a region, give `labels` brats2024-rc"));
  }
  SECTION("a case without one of its channels, a channel too many") {
    make_nnunet(folder.path(), nnunet_json);
    make_file(folder / "labelsTr/a.nii");
    fs::rename(folder / "imagesTr/a_0003.nii", folder / "imagesTr/a_0004.nii");
    const auto scan = io::scan_dataset(folder.path());
    REQUIRE(scan.problems.size() == 2);
    CHECK_THAT(scan.problems[0].message, ContainsSubstring("a_0004.nii] expected <case>_0000 to <case>_0003"));
    CHECK_THAT(scan.problems[1].message, ContainsSubstring("no a_0003 (flair)"));
  }
  SECTION("a channel that is another's file") {
    make_nnunet(folder.path(), nnunet_json);
    make_file(folder / "labelsTr/a.nii");
    fs::remove(folder / "imagesTr/a_0002.nii");
    fs::create_symlink(folder / "imagesTr/a_0000.nii", folder / "imagesTr/a_0002.nii");
    CHECK_THAT(layout_refusal(folder.path()),
               ContainsSubstring("a_0002.nii] expected a file of its own") && ContainsSubstring("a_0000.nii"));
  }
}

TEST_CASE("label profiles: values of files to labels and back") {
  const std::string name = GENERATE("brats", "brats2015", "brats2023", "brats2024", "msd");
  const io::LabelProfile& profile = io::label_profile(name);
  // The labels are background, core, oedema and enhancing.
  const std::vector<uint8_t> labels = {0, 1, 2, 4};
  const bool enhancing_is_4 = name == "brats" || name == "brats2015";
  const std::vector<uint8_t> values = enhancing_is_4  ? std::vector<uint8_t>{0, 1, 2, 4}
                                      : name == "msd" ? std::vector<uint8_t>{0, 2, 1, 3}
                                                      : std::vector<uint8_t>{0, 1, 2, 3};
  CHECK(io::values_of_labels(labels, profile) == values);
  CHECK(io::labels_of_values(values, profile, "f") == labels);
  CHECK_THAT(message_of<DataError>([&] {
               io::labels_of_values(std::vector<uint8_t>{9, 7, 9}, profile, "f");
             }),
             ContainsSubstring("[f] expected") && ContainsSubstring("got 7 1 times, 9 2 times; check that it is"));
  CHECK_THROWS_AS(io::values_of_labels(std::vector<uint8_t>{3}, profile), Error);
  CHECK_THROWS_AS(io::label_profile("BraTS"), UsageError);
}

TEST_CASE("every layout of the table is named where a folder has no cases, and in docs/data.md") {
  const TemporaryFolder folder;
  const std::string message = layout_refusal(folder.path());
  const std::string page = read_bytes(docs_dir() + "/data.md");
  for (const io::DatasetLayout* layout : io::dataset_layouts()) {
    INFO(layout->name);
    CHECK_THAT(message, ContainsSubstring(layout->looks_like()) && ContainsSubstring(layout->name));
    CHECK_THAT(page, ContainsSubstring(layout->name));
  }
  // The names of both editions come from their table too.
  CHECK_THAT(message, ContainsSubstring("<case>/<case>_{t1,t1ce,t2,flair}.nii.gz or "
                                        "<case>/<case>-{t1n,t1c,t2w,t2f}.nii.gz (or .nii)"));
  fs::create_directories(folder / "imagesTs");
  CHECK_THAT(layout_refusal(folder.path()), ContainsSubstring("got imagesTr or imagesTs without a dataset.json"));
}
