// Tests that modalities are normalised as their task says, against closed forms.
#include <cmath>

#include "engine/error.h"
#include "io/preprocessing/preprocessing.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

TEST_CASE("a case of one modality is preprocessed by its task") {
  const auto task = std::make_shared<const io::Task>(
      "hippocampus", std::vector<std::string>{"MRI"},
      std::vector<io::Task::Label>{{0, "background"}, {1, "anterior"}, {2, "posterior"}},
      std::vector<io::Task::Region>{{"A", {1}, 1}, {"P", {2}, 2}});
  io::CaseVolumes volumes(task);
  REQUIRE(volumes.modalities.size() == 1);
  volumes.name = "hippocampus_001";
  volumes.grid.size = {2, 2, 1};
  volumes.modalities[0] = {1, 3, 3, 5};  // mean 3, deviation the root of 2
  volumes.labels = {0, 1, 2, 2};
  const io::Preprocessed got = io::preprocess(volumes, {2, 2, 1});
  CHECK(got.channels() == 1);
  CHECK(got.image == std::vector<float>{-std::sqrt(2.0f), 0, 0, std::sqrt(2.0f)});
  CHECK(got.labels == std::vector<uint8_t>{0, 2, 1, 2});  // z fastest
  volumes.labels->at(0) = 4;
  CHECK_THAT(message_of<Error>([&] {
               io::preprocess(volumes, {2, 2, 1});
             }),
             ContainsSubstring("expected the labels 0, 1 and 2, got 4"));
}

TEST_CASE("each modality is normalised as its task says") {
  using Kind = io::Normalisation::Kind;
  io::Task::Rules rules;
  // CT is clipped to -100 and 200, has the mean 50 and the deviation 25 of other cases.
  rules.normalisations = {
      {Kind::nonzero}, {Kind::all}, {Kind::ct, io::Normalisation::Foreground{-100, 200, 50, 25}}, {Kind::none}};
  const auto task = std::make_shared<const io::Task>("four", std::vector<std::string>{"a", "b", "CT", "d"},
                                                     std::vector<io::Task::Label>{{0, "background"}, {1, "lesion"}},
                                                     std::vector<io::Task::Region>{{"lesion", {1}, 1}}, rules);
  io::CaseVolumes volumes(task);
  volumes.name = "p";
  volumes.grid.size = {1, 1, 4};
  const std::vector<float> values = {-300, 0, 100, 500};
  for (auto& modality : volumes.modalities) modality = values;
  const io::Preprocessed got = io::preprocess(volumes, {1, 1, 6});  // two voxels are padding
  const auto channel = [&](size_t c) {
    std::vector<double> voxels;
    for (size_t v = 0; v < 6; ++v) voxels.push_back(got.image[4 * v + c]);
    return voxels;
  };
  const auto expect = [&](size_t c, const std::vector<double>& wanted) {
    INFO(c);
    const std::vector<double> voxels = channel(c);
    for (size_t v = 0; v < 6; ++v) CHECK(voxels[v] == Approx(wanted[v]).epsilon(1e-6));
  };
  // Of -300, 100, 500: mean 100, deviation 400 sqrt(2 / 3). Of -300, 0, 100, 500: mean 75, deviation 286.138...
  const double wide = 400 * std::sqrt(2.0 / 3), all = std::sqrt((75 * 75 + 375 * 375 + 25 * 25 + 425 * 425) / 4.0);
  expect(0, {0, -400 / wide, 0, 0, 400 / wide, 0});
  expect(1, {0, -375 / all, -75 / all, 25 / all, 425 / all, 0});
  expect(2, {0, -6, -2, 2, 6, 0});
  expect(3, {0, -300, 0, 100, 500, 0});
  // Whoever changes intensities knows from these where the least and the greatest value went.
  for (size_t c = 0; c < 4; ++c) {
    INFO(c);
    const io::ModalityStatistics& s = got.statistics[c];
    CHECK((s.least - s.mean) / s.deviation == Approx(channel(c)[1]).epsilon(1e-6));
    CHECK((s.greatest - s.mean) / s.deviation == Approx(channel(c)[4]).epsilon(1e-6));
  }
  SECTION("but not before the labelled cases are known") {
    const auto [kind, name] = GENERATE(std::pair{Kind::ct, "ct"}, std::pair{Kind::automatic, "auto"});
    rules.normalisations[3] = {kind};
    volumes.task = std::make_shared<const io::Task>("four", task->modalities(), task->labels(), task->regions(), rules);
    CHECK_THAT(message_of<Error>([&] {
                 io::preprocess(volumes, {1, 1, 4});
               }),
               ContainsSubstring(fmt::format("expected a normalisation of d that is known, got {}", name)));
  }
}
