// revunet-check as a program: a dataset with one of every violation, and exit codes.
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr std::array<int64_t, 3> size = {8, 6, 4};
constexpr size_t voxel_count = 8 * 6 * 4;
const char* const modalities[] = {"t1", "t1ce", "t2", "flair"};

// Voxels that no other case and modality has, and a background of 0 in two rows.
std::vector<float> voxels_of(int case_number, int modality) {
  std::vector<float> voxels(voxel_count);
  for (size_t v = 16; v < voxels.size(); ++v) {
    voxels[v] = static_cast<float>(1000 * case_number + 10 * modality) + 0.01f * static_cast<float>(v);
  }
  return voxels;
}

// Labels: 5 voxels of core, 7 of oedema, 3 of enhancing tumour, at a place that no other case has.
std::vector<uint8_t> sound_labels(int case_number) {
  std::vector<uint8_t> labels(voxel_count);
  std::fill_n(labels.begin() + 20, 5, uint8_t{1});
  std::fill_n(labels.begin() + 40, 7, uint8_t{2});
  std::fill_n(labels.begin() + 60 + case_number, 3, uint8_t{4});
  return labels;
}

struct Dataset {
  TemporaryFolder folder;
  std::vector<char> header = io::make_nifti_header(size, {1, 1, 1});

  fs::path file(const std::string& name, const std::string& suffix) const {
    return folder.path() / name / (fs::path(name).filename().string() + "_" + suffix);
  }
  // A sound case.
  void add(const std::string& name, int number) {
    fs::create_directories(folder.path() / name);
    for (int m = 0; m < 4; ++m) {
      io::write_nifti(file(name, std::string(modalities[m]) + ".nii.gz"), header, voxels_of(number, m), 1);
    }
    io::write_nifti(file(name, "seg.nii.gz"), header, sound_labels(number));
  }
};

ToolResult check(const fs::path& data, const std::string& more = "", const std::string& environment = "") {
  return run_tool("revunet-check", fmt::format("--data '{}' {}", data.string(), more), environment);
}

// An image of `bytes.header`'s affine whose corners lie `shift` mm further along x.
std::vector<char> shifted(std::vector<char> header, float shift) {
  float value = 0;
  std::memcpy(&value, &header[292], sizeof value);  // srow_x[3]
  value += shift;
  std::memcpy(&header[292], &value, sizeof value);
  std::fill_n(header.begin() + 252, 2, '\0');  // qform_code: there is no other place
  return header;
}

// Cases by what is wrong with them: each has exactly one violation or warning, of that kind.
void break_cases(Dataset& d) {
  const auto write = [&](const std::string& name, const std::string& suffix, const std::vector<float>& voxels) {
    io::write_nifti(d.file(name, suffix), d.header, voxels, 1);
  };
  int number = 1;
  for (const char* name : {"affine", "constant", "damaged", "empty", "frames", "labels", "layout", "leakage", "missing",
                           "nan", "shape", "sound", "turned", "thick", "truncated", "unknown"}) {
    d.add(name, number++);
  }
  d.add("BraTS-GLI-00001-000", number);  // two examinations of one patient with the same images
  d.add("BraTS-GLI-00001-001", number);
  io::write_nifti(d.file("affine", "t2.nii.gz"), shifted(d.header, 0.5f), voxels_of(1, 2), 1);
  std::vector<float> flat(voxel_count, 3.0f);
  flat[0] = 0;
  write("constant", "t1.nii.gz", flat);
  std::string bytes = read_bytes(d.file("damaged", "flair.nii.gz"));
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  write_bytes(d.file("damaged", "flair.nii.gz"), bytes);
  write("empty", "t1.nii.gz", std::vector<float>(voxel_count));
  io::write_nifti(d.file("frames", "t1ce.nii.gz"), d.header, std::vector<float>(2 * voxel_count, 1.0f), 2);
  std::vector<uint8_t> labels = sound_labels(6);
  labels[0] = labels[1] = 3;
  io::write_nifti(d.file("labels", "seg.nii.gz"), d.header, labels);
  fs::rename(d.file("layout", "seg.nii.gz"), d.file("layout", "seg_old.nii.gz"));
  fs::copy_file(d.file("sound", "t1.nii.gz"), d.file("leakage", "t1.nii.gz"), fs::copy_options::overwrite_existing);
  fs::remove(d.file("missing", "t1ce.nii.gz"));
  std::vector<float> voxels = voxels_of(10, 0);
  voxels[7] = std::numeric_limits<float>::quiet_NaN();
  voxels[8] = std::numeric_limits<float>::infinity();
  write("nan", "t1.nii.gz", voxels);
  voxels = voxels_of(11, 2);
  voxels.resize(8 * 6 * 3);
  io::write_nifti(d.file("shape", "t2.nii.gz"), io::make_nifti_header({8, 6, 3}, {1, 1, 1}), voxels, 1);
  bytes = read_bytes(d.file("truncated", "t1.nii.gz"));
  write_bytes(d.file("truncated", "t1.nii.gz"), bytes.substr(0, bytes.size() - 20));
}

// Rewrites all images of a case with the header as `change` makes it.
template <class Change>
void with_header(Dataset& d, const std::string& name, int number, Change change) {
  std::vector<char> header = d.header;
  change(header);
  for (int m = 0; m < 4; ++m) {
    io::write_nifti(d.file(name, std::string(modalities[m]) + ".nii.gz"), header, voxels_of(number, m), 1);
  }
  io::write_nifti(d.file(name, "seg.nii.gz"), header, sound_labels(number));
}

void put(std::vector<char>& header, size_t offset, float value) {
  std::memcpy(&header[offset], &value, sizeof value);
}

}  // namespace

TEST_CASE("one of every violation is found, all at once", "[check]") {
  Dataset d;
  break_cases(d);
  with_header(d, "turned", 13, [](std::vector<char>& h) {
    put(h, 280, 1.0f);                      // x to the right
    std::fill_n(h.begin() + 252, 2, '\0');  // qform_code
  });
  with_header(d, "thick", 14, [](std::vector<char>& h) {
    put(h, 88, 2.5f);  // pixdim[3]
    put(h, 320, 2.5f);
  });
  with_header(d, "unknown", 16, [](std::vector<char>& h) { std::fill_n(h.begin() + 252, 4, '\0'); });  // both codes
  const fs::path json = d.folder / ".report.json";
  const ToolResult got = check(d.folder.path(), fmt::format("--json '{}'", json.string()));
  CHECK(got.exit_code == 1);
  CHECK_THAT(got.errors, ContainsSubstring("got 13 violations"));
  const nlohmann::json report = nlohmann::json::parse(read_bytes(json));
  std::map<std::string, std::vector<std::string>> kinds;
  std::map<std::string, std::string> messages;
  for (const nlohmann::json& c : report.at("cases")) {
    auto& list = kinds[c.at("case").get<std::string>()];
    for (const nlohmann::json& finding : c.at("findings")) {
      list.push_back(finding.at("kind").get<std::string>());
      messages[c.at("case").get<std::string>()] += finding.at("message").get<std::string>();
    }
  }
  using Kinds = std::vector<std::string>;
  CHECK(kinds["affine"] == Kinds{"affine"});
  CHECK_THAT(messages["affine"],
             ContainsSubstring("affine_t2.nii.gz]") && ContainsSubstring("moves a corner by 0.5 voxels"));
  CHECK(kinds["constant"] == Kinds{"constant"});
  CHECK(kinds["damaged"] == Kinds{"unreadable"});
  CHECK(kinds["empty"] == Kinds{"empty"});
  CHECK(kinds["frames"] == Kinds{"shape"});
  CHECK(kinds["labels"] == Kinds{"labels"});
  CHECK_THAT(messages["labels"], ContainsSubstring("got 3 2 times") && ContainsSubstring("--labels brats2015"));
  CHECK(kinds["layout"] == Kinds{"layout"});
  CHECK(kinds["missing"] == Kinds{"missing"});
  CHECK(kinds["nan"] == Kinds{"non-finite"});
  CHECK_THAT(messages["nan"], ContainsSubstring("got 2 NaN or infinite of 192"));
  CHECK(kinds["shape"] == Kinds{"shape"});
  CHECK(kinds["truncated"] == Kinds{"unreadable"});
  CHECK(kinds["turned"] == Kinds{"orientation"});
  CHECK_THAT(messages["turned"], ContainsSubstring("got RPS"));
  CHECK(kinds["thick"] == Kinds{"spacing"});
  CHECK(kinds["unknown"] == Kinds{"orientation"});
  CHECK(kinds["leakage"].empty());  // told at the later of the two
  CHECK(kinds["sound"] == Kinds{"leakage"});
  CHECK_THAT(messages["sound"], ContainsSubstring("another patient, leakage as t1;"));
  CHECK(kinds["BraTS-GLI-00001-000"].empty());
  CHECK(kinds["BraTS-GLI-00001-001"] == Kinds{"duplicate"});
  CHECK_THAT(messages["BraTS-GLI-00001-001"], ContainsSubstring("t1, t1ce, t2, flair"));
  CHECK(report.at("violations") == 13);
  CHECK(report.at("warnings") == 3);
  for (const nlohmann::json& c : report.at("cases")) {
    if (c.at("case") != "sound") continue;
    CHECK(c.at("voxels") == nlohmann::json{{"WT", 15}, {"TC", 8}, {"ET", 3}});
    CHECK(c.at("size") == nlohmann::json{8, 6, 4});
    CHECK(c.at("orientation") == "LPS");
    CHECK(c.at("labels") == "brats");
  }
  CHECK_THAT(got.output,
             ContainsSubstring("18 cases, 17 with a segmentation (labels: brats); 13 violations, 3 warnings"));
  SECTION("the same at any number of threads") {
    CHECK(check(d.folder.path(), "--threads 1").output == got.output);
    CHECK(check(d.folder.path(), "--threads 3").output == got.output);
  }
}

TEST_CASE("a qform and a sform that contradict each other are told, with the one that is used", "[check]") {
  Dataset d;
  for (const char* name : {"a", "b"}) d.add(name, name[0]);
  // 7 voxels along x between the first and the last: turning x round in the sform alone moves each end by 7.
  with_header(d, "a", 'a', [](std::vector<char>& h) {
    put(h, 280, 1.0f);
    put(h, 292, -3.5f);
  });
  const ToolResult got = check(d.folder.path());
  CHECK(got.exit_code == 0);
  CHECK_THAT(got.output,
             ContainsSubstring("a: qform (warning): [") &&
                 ContainsSubstring("a_t1.nii.gz] expected qform and sform to agree, got LPS in the qform, RPS in "
                                   "the sform and 7 voxels between their corners: the sform is used"));
  CHECK_THAT(got.output, ContainsSubstring("a: orientation (warning)"));
  CHECK_THAT(got.output, ContainsSubstring("0 violations, 2 warnings"));  // once for a case, none for b
}

TEST_CASE("the same image in another orientation is the same image", "[check]") {
  Dataset d;
  d.add("a", 1);
  d.add("b", 2);
  // Every row turned round, and the affine with it: the first voxel lies at the other end.
  std::vector<float> voxels = voxels_of(1, 0);
  for (auto row = voxels.begin(); row != voxels.end(); row += size[0]) std::reverse(row, row + size[0]);
  with_header(d, "b", 2, [](std::vector<char>& h) {
    put(h, 280, 1.0f);
    put(h, 292, -3.5f);
  });
  std::vector<char> header = d.header;
  put(header, 280, 1.0f);
  put(header, 292, -3.5f);
  io::write_nifti(d.file("b", "t1.nii.gz"), header, voxels, 1);
  const ToolResult got = check(d.folder.path());
  CHECK(got.exit_code == 1);
  CHECK_THAT(got.output,
             ContainsSubstring("b: leakage (violation): [b] expected images of its own, got those of another "
                               "patient, a as t1"));
}

TEST_CASE("segmentations that are another case's, and cases without one among others, are told", "[check]") {
  Dataset d;
  for (const char* name : {"a", "b", "c"}) d.add(name, name[0] - 'a');
  fs::copy_file(d.file("a", "seg.nii.gz"), d.file("b", "seg.nii.gz"), fs::copy_options::overwrite_existing);
  fs::remove(d.file("c", "seg.nii.gz"));
  const ToolResult got = check(d.folder.path());
  CHECK(got.exit_code == 1);
  CHECK_THAT(got.errors, ContainsSubstring("got 2 violations"));
  CHECK_THAT(got.output,
             ContainsSubstring("[b] expected images of its own, got those of another patient, a as segmentation"));
  CHECK_THAT(got.output, ContainsSubstring("[c] expected a segmentation, as 2 of 3 cases have one, got none"));
  // No tumour is no copy; and no case needs a segmentation where none has.
  for (const char* name : {"a", "b"}) {
    io::write_nifti(d.file(name, "seg.nii.gz"), d.header, std::vector<uint8_t>(voxel_count));
  }
  CHECK_THAT(check(d.folder.path()).errors, ContainsSubstring("got 1 violation"));
  for (const char* name : {"a", "b"}) fs::remove(d.file(name, "seg.nii.gz"));
  CHECK(check(d.folder.path()).exit_code == 0);
}

TEST_CASE("all that is wrong with one image is told", "[check]") {
  Dataset d;
  d.add("a", 1);
  std::vector<float> voxels(voxel_count, 3);
  voxels[5] = std::numeric_limits<float>::quiet_NaN();
  io::write_nifti(d.file("a", "t1.nii.gz"), d.header, voxels, 1);
  voxels.assign(voxel_count, 1);
  voxels[3] = 0.5f, voxels[4] = 300, voxels[6] = -1;
  io::write_nifti(d.file("a", "seg.nii.gz"), d.header, voxels, 1);
  const ToolResult got = check(d.folder.path());
  CHECK_THAT(got.output,
             ContainsSubstring("got 1 NaN or infinite of 192") && ContainsSubstring("got 3 wherever it is not zero"));
  CHECK_THAT(got.output, ContainsSubstring("got 0.5 at voxel 3, and 2 more that are none"));
}

TEST_CASE("of two cases of one name, the files of both are checked", "[check]") {
  Dataset d;
  d.add("HGG/a", 1);
  d.add("LGG/a", 2);
  fs::copy_file(d.file("HGG/a", "t1.nii.gz"), d.file("LGG/a", "t1.nii.gz"), fs::copy_options::overwrite_existing);
  std::ofstream(d.file("LGG/a", "t2.nii.gz")) << "no image";
  const fs::path json = d.folder / ".report.json";
  const ToolResult result = check(d.folder.path(), fmt::format("--json '{}'", json.string()));
  CHECK(result.exit_code == 1);
  CHECK_THAT(result.output, ContainsSubstring("LGG/a] expected images of its own, got those of " +
                                              (d.folder / "HGG/a").string() + " as t1"));
  const nlohmann::json report = nlohmann::json::parse(read_bytes(json));
  CHECK(report["findings"].size() == 1);  // two of one name: of neither alone
  CHECK(report["cases"][0]["findings"].empty());
  CHECK(report["cases"][1]["findings"].size() == 2);
  CHECK_THAT(result.output, ContainsSubstring("expected one case of each name, got a also in") &&
                                ContainsSubstring("LGG/a/a_t2.nii.gz] "));
}

TEST_CASE("the check's JSON takes names that are not UTF-8, and a folder that is not there is told first", "[check]") {
  Dataset d;
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
  Dataset d;
  d.add("a", 1);
  const ToolResult sound = check(d.folder.path());
  CHECK(sound.exit_code == 0);
  CHECK(sound.errors.empty());  // no progress into files
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
  // Core, oedema and enhancing: 1, 2 and 3 in 2023; 2, 4 and 1 in 2024.
  constexpr std::array<uint8_t, 4> in_2024 = {0, 2, 4, 1};
  int64_t wrong = 0, tumour = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    wrong += b[i] != in_2024.at(a[i]);
    tumour += a[i] != 0;
  }
  CHECK(wrong == 0);
  CHECK(tumour > 0);
}
