// Tests the removal of small pieces of predictions, on hand-made labels.
#include "models/inference/component_filter.h"

#include "io/task/brats_task.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

using Labels = std::vector<uint8_t>;

Labels filtered(Labels labels, const ComponentFilter& filter, double voxel_volume = 1) {
  filter_components(labels, *io::brats_task(), {static_cast<int64_t>(labels.size()), 1, 1}, voxel_volume, filter);
  return labels;
}

}  // namespace

TEST_CASE("pieces that are removed become what lies around them", "[components]") {
  // The labels lie on a line. WT has 8, 3 and 1 voxels; TC within has 2 and 1, 3, 1; ET within has 1, 1 and 2, 1.
  const Labels labels = {2, 1, 4, 2, 4, 2, 2, 2, 0, 4, 4, 1, 0, 4};
  CHECK(filtered(labels, {}) == labels);
  // The largest WT stays, and of its TC the larger, whose ET is the only one left.
  CHECK(filtered(labels, {.keep = 1}) == Labels{2, 1, 4, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0});
  // Two of each stay: WT 8 and 3; TC 2 and 3 of 2, 1, 3; ET 1 and 2.
  CHECK(filtered(labels, {.keep = 2}) == Labels{2, 1, 4, 2, 2, 2, 2, 2, 0, 4, 4, 1, 0, 0});
  // From 2 mm^3 on, WT 8 and 3 and TC 2 and 3 stay. Of ET only the pair stays: the single one becomes not enhancing
  // core.
  CHECK(filtered(labels, {.min_volume = 2}) == Labels{2, 1, 1, 2, 2, 2, 2, 2, 0, 4, 4, 1, 0, 0});
  CHECK(filtered(labels, {.keep = 1, .min_volume = 2}) == Labels{2, 1, 1, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0});
  CHECK(filtered(labels, {.min_volume = 9}) == Labels(labels.size(), 0));
}

TEST_CASE("volumes are in mm^3, and of equal pieces the first stays", "[components]") {
  const Labels labels = {2, 2, 0, 2, 2};
  CHECK(filtered(labels, {.keep = 1}) == Labels{2, 2, 0, 0, 0});
  CHECK(filtered(labels, {.min_volume = 6}, 3) == labels);
  CHECK(filtered(labels, {.min_volume = 6.1}, 3) == Labels(5, 0));
}

// A has the labels 1 and 3, B has 2 and 3, and C has 3.
TEST_CASE("a piece of overlapping regions keeps those that it is not removed from", "[components]") {
  const io::Task task("test", {"MRI"}, {{0, "background"}, {1, "a"}, {2, "b"}, {3, "both"}},
                      {{"A", {1, 3}, 1}, {"B", {2, 3}, 2}, {"C", {3}, 3}});
  // A has pieces of 1 and 3 voxels, the first of which also lies in B and C.
  Labels labels = {2, 2, 3, 2, 0, 1, 1, 1};
  filter_components(labels, task, {8, 1, 1}, 1, {.min_volume = 2});
  CHECK(labels == Labels{2, 2, 2, 2, 0, 1, 1, 1});
}
