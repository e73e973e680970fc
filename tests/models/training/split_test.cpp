// Tests which cases train and which validate, and in which order.
#include <algorithm>
#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "models/training/samples/split.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<io::CaseFiles> cases_of(size_t count) {
  std::vector<io::CaseFiles> cases(count, io::CaseFiles("", io::LabelProfile::brats()));
  for (size_t i = 0; i < count; ++i) {
    cases[i].name = fmt::format("case_{:03}", i);
    cases[i].segmentation = "seg.nii.gz";
  }
  return cases;
}

std::vector<std::string> names_of(const std::vector<io::CaseFiles>& cases) {
  std::vector<std::string> names;
  for (const io::CaseFiles& c : cases) names.push_back(c.name);
  return names;
}

}  // namespace

TEST_CASE("a split holds every case once, in name order, its share rounded but never all or none", "[train]") {
  struct Share {
    size_t cases;
    double fraction;
    size_t validating;
  };
  for (const Share& s : {Share{10, 0.2, 2}, Share{10, 0.25, 3}, Share{11, 0.2, 2}, Share{3, 0.1, 1}, Share{3, 0.0, 0},
                         Share{1, 0.5, 0}, Share{2, 0.99, 1}, Share{285, 0.2, 57}}) {
    INFO(s.cases << " cases, fraction " << s.fraction);
    const Split split = split_cases(cases_of(s.cases), {.validation_fraction = s.fraction, .seed = 5});
    CHECK(split.validation.size() == s.validating);
    const std::vector<std::string> training = names_of(split.training), validation = names_of(split.validation);
    CHECK(std::is_sorted(training.begin(), training.end()));
    CHECK(std::is_sorted(validation.begin(), validation.end()));
    std::vector<std::string> both;
    std::merge(training.begin(), training.end(), validation.begin(), validation.end(), std::back_inserter(both));
    CHECK(both == names_of(cases_of(s.cases)));
    const nlohmann::json json = nlohmann::json::parse(to_json(split));
    CHECK(json.at("training").get<std::vector<std::string>>() == training);
    CHECK(json.at("validation").get<std::vector<std::string>>() == validation);
  }
}

TEST_CASE("a split depends on its seed alone and has no favourites", "[train]") {
  constexpr int seeds = 1000;
  std::map<std::string, int> chosen;
  std::set<std::vector<std::string>> different;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    const auto names = names_of(split_cases(cases_of(10), {.seed = seed}).validation);
    CHECK(names == names_of(split_cases(cases_of(10), {.seed = seed}).validation));
    different.insert(names);
    for (const std::string& name : names) ++chosen[name];
  }
  CHECK(different.size() == 45);  // all pairs of ten: each is missed with probability (44/45)^1000 = 2e-10
  // Each is chosen with probability 0.2. The tolerance is five standard deviations of the binomial count.
  for (const auto& [name, count] : chosen) CHECK(std::abs(count - 200) < 5 * std::sqrt(1000 * 0.2 * 0.8));

  std::vector<io::CaseFiles> unlabelled = cases_of(3);
  unlabelled[1].segmentation.reset();
  CHECK_THAT(message_of<DataError>([&] { split_cases(unlabelled, {}); }),
             ContainsSubstring("[case_001] expected a segmentation to train on"));
}

TEST_CASE("a case's patient is its name without the number of the examination", "[train]") {
  CHECK(io::patient_of("Brats18_TCIA01_131_1") == "Brats18_TCIA01_131");
  CHECK(io::patient_of("Brats17_2013_23_1") == "Brats17_2013_23");
  CHECK(io::patient_of("BraTS19_TCIA08_436_1") == "BraTS19_TCIA08_436");
  CHECK(io::patient_of("BraTS19_2013_10_1") == "BraTS19_2013_10");
  CHECK(io::patient_of("BraTS19_TMC_30014_1") == "BraTS19_TMC_30014");
  CHECK(io::patient_of("brats_tcia_pat153_0165") == "brats_tcia_pat153");
  CHECK(io::patient_of("brats_2013_pat0001_1") == "brats_2013_pat0001");
  CHECK(io::patient_of("BraTS-MEN-RT-0004-1") == "BraTS-MEN-RT-0004");
  CHECK(io::patient_of("sub-07_ses-02") == "sub-07");
  CHECK(io::patient_of("UCSF-PDGM-0431_FU001d_nifti") == "UCSF-PDGM-0431");
  CHECK(io::patient_of("UPENN-GBM-00017_21") == "UPENN-GBM-00017");
  CHECK(io::patient_of("BraTS20_Training_355") == "BraTS20_Training_355");
  CHECK(io::patient_of("BraTS2021_01666") == "BraTS2021_01666");
  CHECK(io::patient_of("BraTS-GLI-00002-001") == "BraTS-GLI-00002");
  CHECK(io::patient_of("BraTS-MEN-01234-000") == "BraTS-MEN-01234");
  CHECK(io::patient_of("case_007") == "case_007");
}

TEST_CASE("a patient's cases stay on one side, of a share and of every fold", "[train]") {
  // There are 12 patients, of whom every third has been examined three times: 20 cases.
  std::vector<io::CaseFiles> cases;
  for (int patient = 0; patient < 12; ++patient) {
    for (int examination = 0; examination < (patient % 3 == 0 ? 3 : 1); ++examination) {
      cases.push_back(cases_of(1)[0]);
      cases.back().name = fmt::format("BraTS-GLI-{:05}-{:03}", patient, examination);
    }
  }
  const auto expect_apart = [](const Split& split) {
    std::set<std::string> training, both;
    for (const io::CaseFiles& c : split.training) training.insert(io::patient_of(c.name));
    for (const io::CaseFiles& c : split.validation) CHECK_FALSE(training.contains(io::patient_of(c.name)));
  };
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const Split split = split_cases(cases, {.seed = seed});
    expect_apart(split);
    CHECK(split.training.size() + split.validation.size() == 20);
    sizes.insert(split.validation.size());
  }
  CHECK(sizes == std::set<size_t>{3, 4, 5});  // a fifth is 4; a patient with three may cause one too many or too few

  std::multiset<std::string> validated;
  for (int64_t fold = 0; fold < 5; ++fold) {
    const Split split = split_cases(cases, {.seed = 7, .folds = 5, .fold = fold});
    expect_apart(split);
    std::set<std::string> patients;
    for (const io::CaseFiles& c : split.validation) {
      validated.insert(c.name);
      patients.insert(io::patient_of(c.name));
    }
    CHECK((patients.size() == 2 || patients.size() == 3));  // 12 patients among 5
  }
  CHECK(validated.size() == 20);  // each case once
  for (const io::CaseFiles& c : cases) CHECK(validated.count(c.name) == 1);
  CHECK_THAT(message_of<UsageError>([&] { split_cases(cases, {.folds = 13, .fold = 0}); }),
             ContainsSubstring("as many folds as there are patients, 12, got 13"));
}

TEST_CASE("a split's file is the split, and is refused where it is none of these cases", "[train]") {
  const TemporaryFolder folder;
  const Split split = split_cases(cases_of(6), {.validation_fraction = 0.34, .seed = 3});
  const std::filesystem::path file = write_bytes(folder / "split.json", to_json(split));
  const Split again = split_cases(cases_of(6), {.validation_fraction = 0.9, .seed = 8, .file = file});
  CHECK(names_of(again.training) == names_of(split.training));
  CHECK(names_of(again.validation) == names_of(split.validation));
  CHECK(again.unused == 0);
  CHECK(split_cases(cases_of(9), {.file = file}).unused == 3);

  const auto refusal = [&](const std::string& text) {
    write_bytes(file, text);
    return message_of<DataError>([&] { split_cases(cases_of(3), {.file = file}); });
  };
  CHECK_THAT(refusal("{"), ContainsSubstring("expected JSON, got: parse error"));
  CHECK_THAT(refusal("{\"training\": [\"case_000\"]}"),
             ContainsSubstring("a list of cases' names under \"validation\""));
  CHECK_THAT(refusal("{\"training\": [1], \"validation\": []}"), ContainsSubstring("under \"training\""));
  CHECK_THAT(refusal("{\"training\": [\"case_009\"], \"validation\": []}"),
             ContainsSubstring("got case_009, which is not there"));
  CHECK_THAT(refusal("{\"training\": [\"case_000\"], \"validation\": [\"case_000\"]}"),
             ContainsSubstring("or was named before"));
  CHECK_THAT(refusal("{\"training\": [], \"validation\": [\"case_000\"]}"),
             ContainsSubstring("expected a case to train on"));
  CHECK_THAT(message_of<DataError>([&] { split_cases(cases_of(3), {.file = folder / "none.json"}); }),
             ContainsSubstring("none.json] expected a file that can be read"));
  std::vector<io::CaseFiles> twice = cases_of(2);
  twice[0].name = "BraTS-GLI-00001-000", twice[1].name = "BraTS-GLI-00001-001";
  write_bytes(file, "{\"training\": [\"BraTS-GLI-00001-000\"], \"validation\": [\"BraTS-GLI-00001-001\"]}");
  CHECK_THAT(message_of<DataError>([&] { split_cases(twice, {.file = file}); }),
             ContainsSubstring("all cases of a patient on one side, got BraTS-GLI-00001-001 under validation"));
}

TEST_CASE("a split has the sums of its files, as sha256sum prints them, and knows a file that is another", "[train]") {
  const TemporaryFolder folder;
  // FIPS 180-2, appendix B, gives the hashes of "abc" and of the empty text.
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  std::filesystem::create_directory(folder / "case_000");
  Split split;
  split.training = cases_of(1);
  io::CaseFiles& files = split.training[0];
  for (size_t i = 0; i < 4; ++i) {
    files.modalities[i] = {write_bytes(folder / fmt::format("case_000/{}.nii", i), i == 2 ? "abc" : "")};
  }
  files.segmentation = write_bytes(folder / "case_000/seg.nii", "abc");
  split.hashes = hash_files(split);
  CHECK(split.hashes ==
        FileHashes{{"case_000", {{"t1", empty}, {"t1ce", empty}, {"t2", abc}, {"flair", empty}, {"seg", abc}}}});

  SplitOptions from_file;
  from_file.file = write_bytes(folder / "split.json", to_json(split));
  Split again = split_cases(split.training, from_file);
  CHECK(again.hashes == split.hashes);
  CHECK(hash_files(again) == split.hashes);
  // Files whose sums are known are not read again.
  const std::string other(64, 'f');
  CHECK(hash_files(split_cases(split.training, {}), {{files.modalities[0].path, other}}).at("case_000").at("t1") ==
        other);
  CHECK_THAT(message_of<DataError>([&] {
               hash_files(again, {{files.modalities[0].path, other}});
             }),
             ContainsSubstring("of SHA-256 " + empty + ", got " + other));
  write_bytes(folder / "case_000/1.nii", "abc");
  CHECK_THAT(
      message_of<DataError>([&] { hash_files(again); }),
      ContainsSubstring("1.nii] expected the file that the split was made with, of SHA-256 " + empty + ", got " + abc));
  again.hashes["case_000"].erase("t1ce");
  CHECK(hash_files(again).at("case_000").at("t1ce") == abc);
  std::filesystem::remove(folder / "case_000/3.nii");
  CHECK_THAT(message_of<DataError>([&] { hash_files(again); }),
             ContainsSubstring("3.nii] expected a file that can be read"));
}

TEST_CASE("an epoch's order is a permutation that depends on seed and epoch", "[train]") {
  constexpr int64_t epochs = 1000;
  std::array<int, 5> first{};
  for (int64_t epoch = 1; epoch <= epochs; ++epoch) {
    std::vector<size_t> order = epoch_order(5, 3, epoch);
    CHECK(order == epoch_order(5, 3, epoch));
    ++first.at(order[0]);
    std::sort(order.begin(), order.end());
    CHECK(order == std::vector<size_t>{0, 1, 2, 3, 4});
  }
  for (const int count : first) CHECK(std::abs(count - 200) < 5 * std::sqrt(1000 * 0.2 * 0.8));
  CHECK(epoch_order(50, 3, 1) != epoch_order(50, 3, 2));
  CHECK(epoch_order(50, 3, 1) != epoch_order(50, 4, 1));
  CHECK(epoch_order(1, 0, 1) == std::vector<size_t>{0});
}
