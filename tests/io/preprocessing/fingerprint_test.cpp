// Tests what is measured of labelled cases against NumPy's values, and what follows from it.
#include "io/preprocessing/fingerprint.h"

#include "engine/error.h"
#include "tests/io/dataset/small_datasets.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

namespace {

using NormalisationKind = io::Normalisation::Kind;

io::TaskPointer task_of(NormalisationKind kind) {
  io::Task::Rules rules;
  rules.normalisations = {{kind}};
  return std::make_shared<const io::Task>("one", std::vector<std::string>{"image"},
                                          std::vector<io::Task::Label>{{0, "background"}, {1, "lesion"}},
                                          std::vector<io::Task::Region>{{"lesion", {1}, 1}}, rules);
}

std::string image_of(const std::vector<int16_t>& voxels, const std::vector<int64_t>& size, double spacing) {
  NiftiBytes image;
  image.dims(size);
  for (int axis = 1; axis <= 3; ++axis) image.pixdim(axis, spacing);
  image.fill(voxels);
  return image.bytes();
}

std::string labels_of(const std::vector<uint8_t>& values, const std::vector<int64_t>& size, double spacing) {
  NiftiBytes image;
  image.dims(size);
  for (int axis = 1; axis <= 3; ++axis) image.pixdim(axis, spacing);
  image.datatype(2, 8);
  image.fill(values);
  return image.bytes();
}

// Three cases of one image: of 4, 2 and 3 voxels along x, one of which is 0.
std::vector<io::CaseFiles> three_cases(const TemporaryFolder& folder, NormalisationKind kind) {
  const auto add = [&](const std::string& name, const std::vector<int16_t>& voxels, const std::vector<uint8_t>& labels,
                       double spacing) {
    const std::vector<int64_t> size = {std::ssize(voxels), 1, 1};
    make_file(folder / ("imagesTr/" + name + ".nii"), image_of(voxels, size, spacing));
    make_file(folder / ("labelsTr/" + name + ".nii"), labels_of(labels, size, spacing));
  };
  add("a", {0, 10, 20, 30}, {0, 1, 1, 1}, 1);
  add("b", {5, 40}, {0, 1}, 2);
  add("c", {7, 8, 0}, {0, 0, 0}, 3);
  make_file(folder / "dataset.json", R"({"modality": {"0": "image"}, "labels": {"background": 0, "lesion": 1}})");
  std::vector<io::CaseFiles> cases = io::find_cases(folder.path());
  for (io::CaseFiles& c : cases) c.labels = io::profile_of_task(task_of(kind));
  return cases;
}

}  // namespace

TEST_CASE("the fingerprint of labelled cases: extents, spacing, zeros and the foreground's values") {
  const TemporaryFolder folder;
  const io::DatasetFingerprint got = io::fingerprint_of(three_cases(folder, NormalisationKind::ct));
  // The boxes of what is not zero have 3, 2 and 2 voxels, of 1, 2 and 3 mm.
  CHECK(got.cases.size() == 3);
  CHECK(io::largest_extent(got, {}) == io::Size3{3, 1, 1});
  CHECK(io::median_extent(got, {}) == io::Size3{2, 1, 1});
  CHECK(io::median_spacing(got) == std::array<double, 3>{2, 2, 2});
  // At 2 mm the images have 2, 2 and 5 voxels along x, of which the boxes' 3/4, 2/2 and 2/3 are 2, 2 and 4 at most.
  const io::Resampling two_mm{io::Resampling::Kind::given, {2, 2, 2}};
  CHECK(io::largest_extent(got, two_mm) == io::Size3{4, 2, 2});
  CHECK(io::median_extent(got, two_mm) == io::Size3{2, 1, 1});
  CHECK(got.nonzero.at(0) == Approx(0.75).epsilon(1e-15));  // of 3/4, 1 and 2/3
  // The foreground is 10, 20, 30, 40: numpy.percentile gives 10.15 and 39.85, numpy.std 11.18033988749895.
  const auto& foreground = got.foreground.at(0);
  REQUIRE(foreground);
  CHECK(foreground->low == Approx(10.15).epsilon(1e-14));
  CHECK(foreground->high == Approx(39.85).epsilon(1e-14));
  CHECK(foreground->mean == Approx(25).epsilon(1e-14));
  CHECK(foreground->deviation == Approx(11.18033988749895).epsilon(1e-14));

  const io::TaskPointer ct = io::with_fingerprint(task_of(NormalisationKind::ct), got);
  CHECK(ct->normalisations()[0] == io::Normalisation{NormalisationKind::ct, foreground});
  CHECK(ct->name() == "one");
}

TEST_CASE("cases that are not as the others are warned of, and regions that no case teaches") {
  const TemporaryFolder folder;
  // In c, the last voxel is 0 in the image, and labelled.
  std::vector<io::CaseFiles> cases = three_cases(folder, NormalisationKind::all);
  make_file(folder / "labelsTr/c.nii", labels_of({0, 0, 1}, {3, 1, 1}, 3));
  const io::DatasetFingerprint got = io::fingerprint_of(cases);
  const io::Task& task = *cases[0].task();
  const std::vector<std::string> all = io::warnings_of(got, task, {"a", "b"});
  REQUIRE(all.size() == 1);
  CHECK_THAT(all[0], ContainsSubstring("case c: 1 voxels of regions lie where all images are 0"));
  const std::vector<std::string> untaught = io::warnings_of(got, task, {});
  REQUIRE(untaught.size() == 2);
  CHECK(untaught[1] == "no training case has lesion, which other cases have: the network cannot learn it");
  io::DatasetFingerprint far = got;
  far.cases[0].grid.spacing = {2, 0.05, 2};
  const std::vector<std::string> spacings = io::warnings_of(far, task, {"a", "b"});
  REQUIRE(spacings.size() == 2);
  CHECK_THAT(spacings[0],
             ContainsSubstring("case a: voxels of 2 x 0.05 x 2 mm are far from those of the median case, 2 "
                               "x 2 x 2 mm; check its header"));
}

TEST_CASE("an open normalisation is over non-zero voxels where a quarter of them is zero, and otherwise over all") {
  const io::TaskPointer open = task_of(NormalisationKind::automatic);
  io::DatasetFingerprint fingerprint;
  fingerprint.foreground = {std::nullopt};
  for (const auto& [nonzero, kind] : {std::pair{0.2, NormalisationKind::nonzero},
                                      {0.75, NormalisationKind::nonzero},
                                      {0.76, NormalisationKind::all}}) {
    INFO(nonzero);
    fingerprint.nonzero = {nonzero};
    CHECK(io::with_fingerprint(open, fingerprint)->normalisations()[0].kind == kind);
  }
  CHECK(io::with_fingerprint(task_of(NormalisationKind::none), fingerprint)->normalisations()[0].kind ==
        NormalisationKind::none);
  CHECK_THAT(message_of<DataError>([&] { io::with_fingerprint(task_of(NormalisationKind::ct), fingerprint); }),
             ContainsSubstring("expected varying voxels of image in the regions of 0 cases"));
}

TEST_CASE("an open spacing is the median of the cases where one differs by more than a hundredth") {
  using Kind = io::Resampling::Kind;
  const auto decided = [](const std::vector<double>& spacings, Kind kind) {
    io::Task::Rules rules = task_of(NormalisationKind::none)->rules();
    rules.resampling = {.kind = kind, .spacing = {7, 7, 7}, .interpolation = io::Interpolation::linear};
    io::DatasetFingerprint fingerprint;
    for (const double mm : spacings)
      fingerprint.cases.push_back({"", {9, 9, 9}, {.size = {9, 9, 9}, .spacing = {1, 1, mm}, .affine = {}}});
    return io::with_fingerprint(io::with_rules(*task_of(NormalisationKind::none), rules), fingerprint)->resampling();
  };
  CHECK(decided({2, 5, 3}, Kind::automatic) == io::Resampling{Kind::given, {1, 1, 3}, io::Interpolation::linear});
  CHECK(decided({3, 3, 3.02}, Kind::automatic) == io::Resampling{});
  CHECK(decided({3, 3, 3.04}, Kind::automatic).kind == Kind::given);
  CHECK(decided({2, 5, 3}, Kind::given).spacing == std::array<double, 3>{7, 7, 7});
}

TEST_CASE("at most 10,000 voxels of a case's foreground are sampled, at equal distances") {
  const TemporaryFolder folder;
  // The values are 0 to 29,999. Every third one is sampled: 0, 3, ..., 29,997, whose mean is 14,998.5.
  std::vector<int16_t> voxels;
  for (int v = 0; v < 30'000; ++v) voxels.push_back(static_cast<int16_t>(v));
  const std::vector<int64_t> size = {30, 100, 10};
  make_file(folder / "imagesTr/a.nii", image_of(voxels, size, 1));
  make_file(folder / "labelsTr/a.nii", labels_of(std::vector<uint8_t>(30'000, 1), size, 1));
  make_file(folder / "dataset.json", R"({"modality": {"0": "CT"}, "labels": {"background": 0, "lesion": 1}})");
  const io::DatasetFingerprint got = io::fingerprint_of(io::find_cases(folder.path()));
  CHECK(got.foreground.at(0)->mean == Approx(14'998.5).epsilon(1e-12));
}
