// Tests what a check finds: a dataset with one of every violation, and single ones as their reader sees them.
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "io/check/check.h"
#include "io/check/check_tables.h"
#include "tests/io/check/made_dataset.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Checked {
  int64_t violations;
  std::string output, json;  // as the program writes them
};

Checked check_all(const fs::path& data) {
  const io::CheckedDataset checked = io::check_dataset(data, {});
  return {checked.count(false), io::table_of(checked), io::json_of(checked)};
}

// Returns the header of `bytes.header` with an affine whose corners lie `shift` mm further along x.
std::vector<char> shifted(std::vector<char> header, float shift) {
  float value = 0;
  std::memcpy(&value, &header[292], sizeof value);  // srow_x[3]
  value += shift;
  std::memcpy(&header[292], &value, sizeof value);
  std::fill_n(header.begin() + 252, 2, '\0');  // qform_code: nothing else gives the place
  return header;
}

// Cases are named by what is wrong with them. Each has exactly one violation or warning, of that kind.
void break_cases(MadeDataset& d) {
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
  std::vector<float> flat(made_voxels, 3.0f);
  flat[0] = 0;
  write("constant", "t1.nii.gz", flat);
  std::string bytes = read_bytes(d.file("damaged", "flair.nii.gz"));
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  write_bytes(d.file("damaged", "flair.nii.gz"), bytes);
  write("empty", "t1.nii.gz", std::vector<float>(made_voxels));
  io::write_nifti(d.file("frames", "t1ce.nii.gz"), d.header, std::vector<float>(2 * made_voxels, 1.0f), 2);
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
void with_header(MadeDataset& d, const std::string& name, int number, Change change) {
  std::vector<char> header = d.header;
  change(header);
  for (int m = 0; m < 4; ++m) {
    io::write_nifti(d.file(name, std::string(made_modalities[m]) + ".nii.gz"), header, voxels_of(number, m), 1);
  }
  io::write_nifti(d.file(name, "seg.nii.gz"), header, sound_labels(number));
}

void put(std::vector<char>& header, size_t offset, float value) {
  std::memcpy(&header[offset], &value, sizeof value);
}

}  // namespace

TEST_CASE("one of every violation is found, all at once", "[check]") {
  MadeDataset d;
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
  const Checked got = check_all(d.folder.path());
  const nlohmann::json checked = nlohmann::json::parse(got.json);
  std::map<std::string, std::vector<std::string>> kinds;
  std::map<std::string, std::string> messages;
  for (const nlohmann::json& c : checked.at("cases")) {
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
  CHECK_THAT(messages["labels"], ContainsSubstring("got 3 2 times") && ContainsSubstring("`labels` brats2015"));
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
  CHECK(kinds["leakage"].empty());  // reported at the later of the two
  CHECK(kinds["sound"] == Kinds{"leakage"});
  CHECK_THAT(messages["sound"], ContainsSubstring("another patient, leakage as t1;"));
  CHECK(kinds["BraTS-GLI-00001-000"].empty());
  CHECK(kinds["BraTS-GLI-00001-001"] == Kinds{"duplicate"});
  CHECK_THAT(messages["BraTS-GLI-00001-001"], ContainsSubstring("t1, t1ce, t2, flair"));
  CHECK(checked.at("violations") == 13);
  CHECK(checked.at("warnings") == 3);
  for (const nlohmann::json& c : checked.at("cases")) {
    if (c.at("case") != "sound") continue;
    CHECK(c.at("voxels") == nlohmann::json{{"WT", 15}, {"TC", 8}, {"ET", 3}});
    CHECK(c.at("size") == nlohmann::json{8, 6, 4});
    CHECK(c.at("orientation") == "LPS");
    CHECK(c.at("labels") == "brats");
  }
  CHECK_THAT(got.output,
             ContainsSubstring("18 cases, 17 with a segmentation (labels: brats); 13 violations, 3 warnings"));
}

TEST_CASE("a qform and a sform that contradict each other are reported, with the one that is used", "[check]") {
  MadeDataset d;
  for (const char* name : {"a", "b"}) d.add(name, name[0]);
  // There are 7 voxels along x between the first and the last: reversing x in the sform alone moves each end by 7.
  with_header(d, "a", 'a', [](std::vector<char>& h) {
    put(h, 280, 1.0f);
    put(h, 292, -3.5f);
  });
  const Checked got = check_all(d.folder.path());
  CHECK_THAT(got.output,
             ContainsSubstring("a: qform (warning): [") &&
                 ContainsSubstring("a_t1.nii.gz] expected qform and sform to agree, got LPS in the qform, RPS in "
                                   "the sform and 7 voxels between their corners: the sform is used"));
  CHECK_THAT(got.output, ContainsSubstring("a: orientation (warning)"));
  CHECK_THAT(got.output, ContainsSubstring("0 violations, 2 warnings"));  // one for each case, none for b
}

TEST_CASE("the same image in another orientation is the same image", "[check]") {
  MadeDataset d;
  d.add("a", 1);
  d.add("b", 2);
  // Every row is reversed, and the affine with it: the first voxel lies at the other end.
  std::vector<float> voxels = voxels_of(1, 0);
  for (auto row = voxels.begin(); row != voxels.end(); row += made_size[0]) std::reverse(row, row + made_size[0]);
  with_header(d, "b", 2, [](std::vector<char>& h) {
    put(h, 280, 1.0f);
    put(h, 292, -3.5f);
  });
  std::vector<char> header = d.header;
  put(header, 280, 1.0f);
  put(header, 292, -3.5f);
  io::write_nifti(d.file("b", "t1.nii.gz"), header, voxels, 1);
  const Checked got = check_all(d.folder.path());
  CHECK(got.violations == 1);
  CHECK_THAT(got.output,
             ContainsSubstring("b: leakage (violation): [b] expected images of its own, got those of another "
                               "patient, a as t1"));
}

TEST_CASE("segmentations that are another case's, and cases without one among others, are reported", "[check]") {
  MadeDataset d;
  for (const char* name : {"a", "b", "c"}) d.add(name, name[0] - 'a');
  fs::copy_file(d.file("a", "seg.nii.gz"), d.file("b", "seg.nii.gz"), fs::copy_options::overwrite_existing);
  fs::remove(d.file("c", "seg.nii.gz"));
  const Checked got = check_all(d.folder.path());
  CHECK(got.violations == 2);
  CHECK_THAT(got.output,
             ContainsSubstring("[b] expected images of its own, got those of another patient, a as segmentation"));
  CHECK_THAT(got.output, ContainsSubstring("[c] expected a segmentation, as 2 of 3 cases have one, got none"));
  // Two empty segmentations do not count as copies, and no case needs a segmentation where none has one.
  for (const char* name : {"a", "b"}) {
    io::write_nifti(d.file(name, "seg.nii.gz"), d.header, std::vector<uint8_t>(made_voxels));
  }
  CHECK(check_all(d.folder.path()).violations == 1);
  for (const char* name : {"a", "b"}) fs::remove(d.file(name, "seg.nii.gz"));
  CHECK(check_all(d.folder.path()).violations == 0);
}

TEST_CASE("all that is wrong with one image is reported", "[check]") {
  MadeDataset d;
  d.add("a", 1);
  std::vector<float> voxels(made_voxels, 3);
  voxels[5] = std::numeric_limits<float>::quiet_NaN();
  io::write_nifti(d.file("a", "t1.nii.gz"), d.header, voxels, 1);
  voxels.assign(made_voxels, 1);
  voxels[3] = 0.5f, voxels[4] = 300, voxels[6] = -1;
  io::write_nifti(d.file("a", "seg.nii.gz"), d.header, voxels, 1);
  const Checked got = check_all(d.folder.path());
  CHECK_THAT(got.output,
             ContainsSubstring("got 1 NaN or infinite of 192") && ContainsSubstring("got 3 wherever it is not zero"));
  CHECK_THAT(got.output, ContainsSubstring("got 0.5 at voxel 3, and 2 more that are none"));
}

TEST_CASE("of two cases of one name, the files of both are checked", "[check]") {
  MadeDataset d;
  d.add("HGG/a", 1);
  d.add("LGG/a", 2);
  fs::copy_file(d.file("HGG/a", "t1.nii.gz"), d.file("LGG/a", "t1.nii.gz"), fs::copy_options::overwrite_existing);
  std::ofstream(d.file("LGG/a", "t2.nii.gz")) << "no image";
  const Checked result = check_all(d.folder.path());
  CHECK_THAT(result.output, ContainsSubstring("LGG/a] expected images of its own, got those of " +
                                              (d.folder / "HGG/a").string() + " as t1"));
  const nlohmann::json checked = nlohmann::json::parse(result.json);
  CHECK(checked["findings"].size() == 1);  // two of one name: of neither alone
  CHECK(checked["cases"][0]["findings"].empty());
  CHECK(checked["cases"][1]["findings"].size() == 2);
  CHECK_THAT(result.output, ContainsSubstring("expected one case of each name, got a also in") &&
                                ContainsSubstring("LGG/a/a_t2.nii.gz] "));
}
