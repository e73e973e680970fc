// Tests what a dataset.json says: channels, labels, regions, files of cases; and what is refused.

#include "tests/io/dataset/small_datasets.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

TEST_CASE("a dataset.json that is not understood") {
  const TemporaryFolder folder;
  const auto refusal_of = [&](const std::string& json) {
    make_nnunet(folder.path(), json);
    make_file(folder / "labelsTr/a.nii");
    return layout_refusal(folder.path());
  };
  const std::string channels = R"("channel_names": {"0": "T1", "1": "T1ce", "2": "T2", "3": "Flair"})";
  SECTION("its channels") {
    CHECK_THAT(refusal_of(R"({"channel_names": {"0": "T1", "1": "T1ce", "2": "T2", "3": "t2w"}, "labels": {}})"),
               ContainsSubstring("expected each modality once, got t2w for channels 2 and 3"));
    CHECK_THAT(refusal_of(R"({"labels": {}})"), ContainsSubstring("with the names of 1 to 16 channels"));
    CHECK_THAT(refusal_of(R"({"channel_names": {"0": "a", "2": "b"}, "labels": {}})"),
               ContainsSubstring("expected channels 0 to 1, got 2"));
    CHECK_THAT(refusal_of(R"({"channel_names": {"0": "a", "00": "b"}, "labels": {}})"),
               ContainsSubstring("expected each channel once"));
    CHECK_THAT(refusal_of(R"({"channel_names": {"0": ""}, "labels": {}})"), ContainsSubstring("a name for channel 0"));
    CHECK_THAT(refusal_of("{"), ContainsSubstring("dataset.json] expected JSON"));
  }
  SECTION("its images, of another kind than NIfTI") {
    CHECK_THAT(refusal_of(std::string(nnunet_json).replace(std::string(nnunet_json).find(".nii.gz"), 7, ".nrrd")),
               ContainsSubstring("dataset.json] expected a \"file_ending\" of .nii.gz or .nii, got \".nrrd\""));
  }
  SECTION("its numbers") {
    CHECK_THAT(refusal_of(R"({"channel_names": {"first": "a"}, "labels": {}})"),
               ContainsSubstring("expected a whole number for a channel, got \"first\""));
    CHECK_THAT(refusal_of("{" + channels + R"(, "labels": {"background": 0, "lesion": "one"}})"),
               ContainsSubstring("expected a whole number for lesion, got \"one\""));
    CHECK_THAT(refusal_of("{" + channels + R"(, "labels": {"background": 0, "lesion": []}})"),
               ContainsSubstring("expected numbers for the label lesion, got an empty list"));
  }
  SECTION("its labels") {
    CHECK_THAT(refusal_of("{" + channels + "}"), ContainsSubstring("expected \"labels\""));
    CHECK_THAT(refusal_of("{" + channels + R"(, "labels": {"lesion": 1}})"),
               ContainsSubstring("expected \"labels\" with the background, 0"));
    CHECK_THAT(refusal_of("{" + channels + R"(, "labels": {"background": 0}})"),
               ContainsSubstring("expected 1 to 31 regions, got 0"));
    CHECK_THAT(refusal_of("{" + channels + R"(, "labels": {"background": 0, "lesion": 256}})"),
               ContainsSubstring("expected labels of 0 to 255, got 256 for lesion"));
    CHECK_THAT(refusal_of("{" + channels + R"(, "labels": {"background": 0, "a": [1, 2], "b": [1, 2]}})"),
               ContainsSubstring("expected \"regions_class_order\""));
    CHECK_THAT(refusal_of("{" + channels +
                          R"(, "labels": {"background": 0, "b": [2], "a": [1, 2]}, "regions_class_order": [2, 1, 3]})"),
               ContainsSubstring("with a label for each of 2 regions, got [2,1,3]"));
    CHECK_THAT(refusal_of("{" + channels +
                          R"(, "labels": {"background": 0, "b": [2], "a": [1, 2]}, "regions_class_order": [2, 1]})"),
               ContainsSubstring("list larger regions first"));
  }
}

TEST_CASE("a dataset.json of another task than BraTS's has a task of its own") {
  const TemporaryFolder folder;
  const auto scan_of = [&](const std::string& json) {
    make_file(folder / "dataset.json", json);
    return io::scan_dataset(folder.path());
  };
  for (const char* part : {"images", "labels"}) fs::create_directories(folder / (std::string(part) + "Tr"));
  make_file(folder / "imagesTr/a.nii", constant_image(1));
  make_file(folder / "labelsTr/a.nii", labels_image({0, 1, 2, 3, 9, 0, 0, 0}));
  SECTION("channels of one name, which says how they are normalised") {
    fs::remove(folder / "imagesTr/a.nii");
    for (const char* name : {"a_0000.nii", "a_0001.nii", "a_0002.nii"}) {
      make_file(folder / "imagesTr" / name, constant_image(1));
    }
    const char* described = R"({"channel_names": {"0": "CT", "1": "noNorm", "2": "CT"},
                                "labels": {"background": 0, "lesion": 1}})";
    const auto scan = scan_of(described);
    REQUIRE(scan.problems.empty());
    const io::Task& task = *scan.cases.at(0).task();
    CHECK(task.modalities() == std::vector<std::string>{"CT_0", "noNorm", "CT_2"});
    CHECK(task.normalisations()[0].kind == io::Normalisation::Kind::ct);
    CHECK(task.normalisations()[2].kind == io::Normalisation::Kind::ct);
    // Weights that know the task read the folder too.
    const auto again = io::find_cases(folder.path(), scan.cases[0].labels);
    CHECK(again.at(0).modalities[2].path == folder / "imagesTr/a_0002.nii");
  }
  SECTION("cases of one channel whose names end in numbers") {
    for (const char* part : {"imagesTr/", "labelsTr/"}) {
      fs::remove(folder / (part + std::string("a.nii")));
      for (const char* name : {"scan_0000.nii", "scan_0001.nii"}) make_file(folder / part / name, constant_image(1));
    }
    const auto scan = scan_of(R"({"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "lesion"}})");
    CHECK(scan.problems.empty());
    REQUIRE(scan.cases.size() == 2);
    CHECK(scan.cases[0].name == "scan_0000");
    CHECK(scan.cases[1].segmentation == folder / "labelsTr/scan_0001.nii");
    for (const char* name : {"scan_0000.nii", "scan_0007.nii"}) {
      make_file(folder / "imagesTs" / name, constant_image(1));
    }
    CHECK(io::find_cases(folder / "imagesTs").at(1).name == "scan_0007");
  }
  SECTION("segmentations of several channels that are called as one of them") {
    for (const char* name : {"a_0000.nii", "a_0001.nii"}) make_file(folder / "imagesTr" / name, constant_image(1));
    fs::remove(folder / "imagesTr/a.nii");
    fs::rename(folder / "labelsTr/a.nii", folder / "labelsTr/a_0000.nii");
    const auto scan = scan_of(R"({"channel_names": {"0": "T1", "1": "T2"}, "labels": {"background": 0, "lesion": 1}})");
    REQUIRE(scan.problems.size() == 2);
    CHECK_THAT(scan.problems[1].message, ContainsSubstring("got none; call it a, without the number of a channel"));
  }
  SECTION("exclusive classes, in the order of their numbers, and an ignored label") {
    // As the Decathlon writes them: number first. "ignore" is nnU-Net's.
    const auto scan = scan_of(R"({"name": "Hippocampus", "modality": {"0": "MRI"},
        "labels": {"0": "background", "3": "Tail", "1": "Anterior", "2": "Posterior", "9": "ignore"}})");
    REQUIRE(scan.problems.empty());
    const io::Task& task = *scan.cases.at(0).task();
    CHECK(task.name() == "Hippocampus");
    CHECK(task.modalities() == std::vector<std::string>{"MRI"});
    CHECK(task.region_names() == std::vector<std::string>{"Anterior", "Posterior", "Tail"});
    CHECK(task.exclusive());
    CHECK(task.output_count() == 4);
    CHECK(task.ignored() == uint8_t{9});
    CHECK(task.regions_of(9).none());
    CHECK(task.normalisations()[0].kind == io::Normalisation::Kind::automatic);
    CHECK(io::load_case(scan.cases[0]).labels == std::vector<uint8_t>{0, 1, 2, 3, 9, 0, 0, 0});
    CHECK(io::notes_of(scan).empty());
  }
  SECTION("regions, in the file's order, and what they write") {
    const auto scan = scan_of(R"({"channel_names": {"0": "CT"}, "labels":
        {"background": 0, "organ": [1, 2, 9], "lesion": [2, 9], "core": 9}, "regions_class_order": [1, 2, 9]})");
    const io::Task& task = *scan.cases.at(0).task();
    CHECK(task.name() == folder.path().filename().string());
    CHECK(task.region_names() == std::vector<std::string>{"organ", "lesion", "core"});
    CHECK_FALSE(task.exclusive());
    CHECK(task.regions_of(9).to_ulong() == 7);
    CHECK(task.labels_of(std::vector<float>{1, 1, 0, 1, 0, 0}) == std::vector<uint8_t>{2, 1});
    CHECK(task.normalisations()[0].kind == io::Normalisation::Kind::ct);
  }
  SECTION("of BraTS's modalities, with a note, unless `labels` says that the labels are BraTS's too") {
    make_nnunet(folder.path(), R"({"channel_names": {"0": "T1", "1": "T1ce", "2": "T2", "3": "Flair"},
        "labels": {"background": 0, "lesion": 1}})");
    make_file(folder / "labelsTr/a.nii");
    fs::remove(folder / "imagesTr/a.nii");
    const auto scan = io::scan_dataset(folder.path());
    CHECK(scan.cases.at(0).task()->region_names() == std::vector<std::string>{"lesion"});
    REQUIRE(io::notes_of(scan).size() == 1);
    CHECK_THAT(io::notes_of(scan)[0], ContainsSubstring("has the modalities of BraTS, but other labels") &&
                                          ContainsSubstring("classes lesion 1") && ContainsSubstring("`labels`"));
    const auto brats = io::scan_dataset(folder.path(), io::label_profile("msd"));
    CHECK(brats.cases.at(0).labels.name() == "msd");
    CHECK(io::notes_of(brats).empty());
  }
  SECTION("of BraTS's, whose cavity is a region where `labels` says so, unless its number is another's") {
    fs::remove(folder / "imagesTr/a.nii");
    const auto notes_with = [&](const std::string& numbers) {
      make_nnunet(folder.path(),
                  R"({"channel_names": {"0": "T1", "1": "T1ce", "2": "T2", "3": "Flair"}, "labels": )" + numbers + "}");
      return io::notes_of(io::scan_dataset(folder.path(), io::label_profile("brats2024-rc")));
    };
    CHECK(notes_with(R"({"background": 0, "NETC": 1, "SNFH": 2, "ET": 3, "RC": 4})").empty());
    CHECK(notes_with(R"({"background": 0, "NETC": 1, "SNFH": 2, "ET": 4, "RC": 3})").size() == 1);
  }
  SECTION("of BraTS's labels and other modalities, with a note") {
    const auto scan = scan_of(R"({"channel_names": {"0": "ADC"},
        "labels": {"background": 0, "edema": 1, "necrosis": 2, "enhancing": 3}})");
    REQUIRE(io::notes_of(scan).size() == 1);
    CHECK_THAT(io::notes_of(scan)[0], ContainsSubstring("has the labels of BraTS, but other modalities"));
    CHECK(io::notes_of(io::scan_dataset(folder.path(), scan.cases.at(0).labels)).empty());  // read as what it is
    CHECK_THAT(message_of<DataError>([&] { io::scan_dataset(folder.path(), io::label_profile("msd")); }),
               ContainsSubstring("expected the four modalities of brats, once each, got the channels ADC"));
  }
}

TEST_CASE("nnU-Net: a dataset.json that names each case's files") {
  const TemporaryFolder folder;
  make_file(folder / "scans/x/mr.nii", constant_image(1));
  make_file(folder / "scans/y/mr.nii", constant_image(2));
  make_file(folder / "truth/x.nii", labels_image({0, 1, 1, 0, 0, 0, 0, 0}));
  const std::string head = R"({"channel_names": {"0": "MRI"}, "labels": {"background": 0, "lesion": 1}, "dataset": {)";
  const std::string x = R"("x": {"images": ["scans/x/mr.nii"], "label": "./truth/x.nii"})";
  make_file(folder / "dataset.json", head + x + "}}");
  const auto cases = io::find_cases(folder.path());
  REQUIRE(cases.size() == 1);
  CHECK(cases[0].name == "x");
  CHECK(cases[0].modalities[0].path == folder / "scans/x/mr.nii");
  CHECK(io::load_case(cases[0]).labels == std::vector<uint8_t>{0, 1, 1, 0, 0, 0, 0, 0});
  SECTION("that are not there, or too few: of each case at once") {
    make_file(folder / "dataset.json", head + x + R"(, "y": {"images": ["scans/y/mr.nii"], "label": "truth/y.nii"},
                             "z": {"images": [], "label": "truth/x.nii"}}})");
    const auto scan = io::scan_dataset(folder.path());
    CHECK(scan.cases.size() == 1);
    REQUIRE(scan.problems.size() == 2);
    CHECK_THAT(scan.problems[0].message, ContainsSubstring("truth/y.nii] expected the file that dataset.json names"));
    CHECK_THAT(scan.problems[1].message, ContainsSubstring("expected 1 images of case z, one per channel, got 0"));
  }
  SECTION("of names that no file can have") {
    for (const char* name : {"../x", "", ".x", "a/b"}) {
      INFO(name);
      make_file(folder / "dataset.json",
                head + fmt::format(R"("{}": {{"images": ["scans/x/mr.nii"], "label": "truth/x.nii"}}}}}})", name));
      CHECK_THAT(layout_refusal(folder.path()), ContainsSubstring("expected names of cases that files can have"));
    }
  }
  SECTION("unless it is a name, as other programs have it there") {
    make_file(folder / "imagesTr/y.nii", constant_image(1));
    make_file(folder / "labelsTr/y.nii", labels_image({0, 1, 0, 0, 0, 0, 0, 0}));
    make_file(folder / "dataset.json",
              R"({"channel_names": {"0": "MRI"}, "labels": {"background": 0, "lesion": 1}, "dataset": "of mine"})");
    CHECK(io::find_cases(folder.path()).at(0).name == "y");
  }
  SECTION("of another form") {
    make_file(folder / "dataset.json", head + R"("x": {"images": "scans/x/mr.nii", "label": "truth/x.nii"}}})");
    CHECK_THAT(layout_refusal(folder.path()), ContainsSubstring("dataset.json] expected"));
    make_file(folder / "dataset.json", head + R"("x": {"images": ["scans/x/mr.nii"]}}})");
    CHECK_THAT(layout_refusal(folder.path()), ContainsSubstring("expected 'label', got none"));
  }
}

TEST_CASE("images of a known task need no dataset.json") {
  const TemporaryFolder folder;
  const auto task = std::make_shared<const io::Task>("two", std::vector<std::string>{"a", "b"},
                                                     std::vector<io::Task::Label>{{0, "background"}, {1, "lesion"}},
                                                     std::vector<io::Task::Region>{{"lesion", {1}, 1}});
  const io::LabelProfile labels = io::profile_of_task(task);
  SECTION("a file a channel") {
    for (const char* name : {"p_0000.nii", "p_0001.nii", "q_0000.nii"}) make_file(folder / name, constant_image(1));
    const auto scan = io::scan_dataset(folder.path(), labels);
    REQUIRE(scan.cases.size() == 2);
    CHECK(scan.cases[0].modalities[1].path == folder / "p_0001.nii");
    REQUIRE(scan.problems.size() == 1);
    CHECK_THAT(scan.problems[0].message, ContainsSubstring("expected q_0000.nii.gz to _0001, got no q_0001 (b)"));
  }
  SECTION("a frame a channel") {
    make_file(folder / "p.nii", frames_image(2));
    const auto cases = io::find_cases(folder.path(), labels);
    REQUIRE(cases.size() == 1);
    CHECK(cases[0].modalities[1].frame == 1);
  }
  SECTION("and one that names the channels may have them in another order") {
    for (const char* name : {"p_0000.nii", "p_0001.nii"}) make_file(folder / "imagesTr" / name, constant_image(1));
    make_file(folder / "labelsTr/p.nii");
    make_file(folder / "dataset.json", R"({"channel_names": {"0": "b", "1": "a"}})");
    CHECK(io::find_cases(folder.path(), labels).at(0).modalities[0].path == folder / "imagesTr/p_0001.nii");
  }
  SECTION("and one of another task is refused") {
    make_file(folder / "imagesTr/p_0000.nii", constant_image(1));
    make_file(folder / "dataset.json", R"({"channel_names": {"0": "a"}, "labels": {"background": 0, "lesion": 1}})");
    CHECK_THAT(message_of<DataError>([&] { io::scan_dataset(folder.path(), labels); }),
               ContainsSubstring("expected the images of the task two (modalities a, b; labels 0 background, 1 lesion; "
                                 "regions lesion 1), got the "
                                 "channels a"));
  }
}
