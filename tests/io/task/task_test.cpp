// Tests which labels the regions of a task have, how regions become labels again, and which tasks are refused.
#include "io/task/brats_task.h"

#include <limits>

#include "engine/error.h"
#include "tests/io/test_files.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using io::Task;

namespace {

const std::vector<Task::Label> kLabels = {{0, "background"}, {1, "anterior"}, {2, "posterior"}, {7, "cyst"}};
const std::vector<Task::Region> kRegions = {{"A", {1, 7}, 1}, {"P", {2}, 2}};

void expect_refusal(const std::vector<std::string>& modalities, const std::vector<Task::Label>& labels,
                    const std::vector<Task::Region>& regions, const std::string& reason) {
  CHECK_THAT(test::message_of<Error>([&] { Task("hippocampus", modalities, labels, regions); }),
             ContainsSubstring("[task hippocampus] expected ") && ContainsSubstring(reason));
}

}  // namespace

TEST_CASE("BraTS's regions: WT 1, 2, 4, TC 1, 4, ET 4") {
  const Task& brats = *io::brats_task();
  const std::vector<uint8_t> labels = {0, 1, 2, 4};
  const std::vector<float> regions = {0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1};
  CHECK(brats.labels_of(regions) == labels);
  for (size_t i = 0; i < labels.size(); ++i) {
    for (size_t r = 0; r < 3; ++r) CHECK(brats.regions_of(labels[i]).test(r) == (regions[3 * i + r] != 0));
  }
  CHECK(brats.regions_of(3).none());
  REQUIRE(brats.regions().size() == 3);
  CHECK((brats.regions()[0].name == "WT" && brats.regions()[0].meaning == "whole tumour"));
  CHECK((brats.regions()[1].name == "TC" && brats.regions()[1].meaning == "tumour core"));
  CHECK((brats.regions()[2].name == "ET" && brats.regions()[2].meaning == "enhancing tumour"));
  CHECK(brats.numbers_text() == "0, 1, 2 and 4");
  CHECK(brats.modalities() == std::vector<std::string>{"t1", "t1ce", "t2", "flair"});
}

TEST_CASE("regions to labels: all eight combinations, the later region wins") {
  const Task& brats = *io::brats_task();
  // The index is WT + 2 TC + 4 ET.
  const std::vector<uint8_t> expected = {0, 2, 1, 1, 4, 4, 4, 4};
  std::vector<float> probabilities;
  std::vector<uint8_t> masks;
  for (int i = 0; i < 8; ++i) {
    for (int region = 0; region < 3; ++region) {
      const bool inside = (i >> region) & 1;
      probabilities.push_back(inside ? 0.51f : 0.5f);  // at the threshold is outside
      masks.push_back(inside ? 7 : 0);
    }
  }
  CHECK(brats.labels_of(probabilities) == expected);
  CHECK(brats.labels_of(masks) == expected);
  CHECK(brats.labels_of(probabilities, 0.6f) == std::vector<uint8_t>(8, 0));
  CHECK_THROWS_AS(brats.labels_of(std::vector<float>(4)), Error);
  probabilities[4] = std::nanf("");
  CHECK_THAT(test::message_of<NonFiniteError>([&] { brats.labels_of(probabilities); }),
             ContainsSubstring("NaN at voxel 1"));
}

TEST_CASE("a task of other labels and regions") {
  const Task task("hippocampus", {"MRI"}, kLabels, kRegions);
  CHECK(task.has_label(7));
  CHECK_FALSE(task.has_label(3));
  CHECK(task.name_of_label(2) == "posterior");
  CHECK(task.numbers_text() == "0, 1, 2 and 7");
  CHECK(task.regions_of(7).to_ulong() == 1);
  CHECK(task.regions_of(2).to_ulong() == 2);
  CHECK(task.labels_of(std::vector<uint8_t>{0, 0, 1, 0, 0, 1, 1, 1}) == std::vector<uint8_t>{0, 1, 2, 2});
}

TEST_CASE("tasks are the same where their labels and regions are, whatever else they have") {
  const Task task("hippocampus", {"MRI"}, kLabels, kRegions);
  const auto same = [&](const std::vector<Task::Label>& labels, const std::vector<Task::Region>& regions) {
    const Task other("hippocampus", {"MRI"}, labels, regions);
    CHECK(io::same_regions(task, other) == io::same_regions(other, task));
    return io::same_regions(task, other);
  };
  CHECK(
      io::same_regions(task, Task("another", {"t1", "t2"}, kLabels, {{"A", {7, 1}, 7, "anterior", 1}, {"P", {2}, 2}})));
  CHECK(same({{0, "background"}, {7, "cyst"}, {2, "posterior"}, {1, "anterior"}}, kRegions));
  CHECK_FALSE(same({{0, "background"}, {1, "anterior"}, {2, "posterior"}, {7, "tail"}}, kRegions));
  CHECK_FALSE(same({{0, "background"}, {1, "anterior"}, {2, "posterior"}, {7, "cyst"}, {8, "tail"}}, kRegions));
  CHECK_FALSE(same(kLabels, {{"A", {1}, 1}, {"P", {2}, 2}}));
  CHECK_FALSE(same(kLabels, {{"A", {1, 7}, 1}, {"Q", {2}, 2}}));
  CHECK_FALSE(same(kLabels, {{"A", {1, 7}, 1}}));
  CHECK_FALSE(same(kLabels, {{"P", {2}, 2}, {"A", {1, 7}, 1}}));
}

TEST_CASE("tasks that make no sense are refused") {
  expect_refusal({}, kLabels, kRegions, "1 to 16 modalities, got 0");
  expect_refusal(std::vector<std::string>(17, "m"), kLabels, kRegions, "1 to 16 modalities, got 17");
  expect_refusal({"MRI", "MRI"}, kLabels, kRegions, "modalities of different names, got 'MRI'");
  expect_refusal({"MRI"}, {{1, "anterior"}}, kRegions, "the background, label 0, to be the first");
  expect_refusal({"MRI"}, {{0, "background"}, {1, "a"}, {1, "b"}}, kRegions, "label 1 once");
  expect_refusal({"MRI"}, kLabels, {}, "1 to 32 regions, got 0");
  expect_refusal({"MRI"}, kLabels, {{"A", {1, 3}, 1}},
                 "region A of the labels 0, 1, 2 and 7, without background, got 3");
  expect_refusal({"MRI"}, kLabels, {{"A", {0, 1}, 1}}, "without background, got 0");
  expect_refusal({"MRI"}, kLabels, {{"A", {1}, 2}}, "region A to write one of its labels, got 2");
  expect_refusal({"MRI"}, kLabels, {{"A", {1, 2}, 1}, {"B", {1}, 1}},
                 "region A to write a label that no later region has");
  expect_refusal({"MRI"}, kLabels, {{"A", {1}, 1}, {"A", {2}, 2}}, "regions of different names, got 'A'");
  expect_refusal({"MRI"}, {{0, ""}}, kRegions, "name of labels of letters that can be printed, got ''");
  expect_refusal({"MRI"}, kLabels, {{"A", {1}, 1, "", 1}}, "region A to be shown on one of 1 modalities, got 1");
}
