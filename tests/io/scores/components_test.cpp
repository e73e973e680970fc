// Tests connected components against hand-made masks and against a flood fill.
#include "io/scores/components.h"

#include <random>

#include "engine/error.h"
#include "tests/io/mask_shapes.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::io;
using namespace revunet::test;

namespace {

// Numbers components by flood fill from each voxel that has no number yet, in the order of the voxels.
std::vector<int32_t> flooded(const std::vector<uint8_t>& mask, const Index3& size) {
  std::vector<int32_t> of(mask.size());
  int32_t count = 0;
  const auto index = [&](const Index3& v) { return v[0] + size[0] * (v[1] + size[1] * v[2]); };
  mask_of(size, [&](int64_t x, int64_t y, int64_t z) {
    std::vector<Index3> open = {{x, y, z}};
    if (mask[index(open[0])] == 0 || of[index(open[0])] != 0) return false;
    of[index(open[0])] = ++count;
    while (!open.empty()) {
      const Index3 at = open.back();
      open.pop_back();
      mask_of({3, 3, 3}, [&](int64_t dx, int64_t dy, int64_t dz) {
        const Index3 near = {at[0] + dx - 1, at[1] + dy - 1, at[2] + dz - 1};
        if (!block({0, 0, 0}, size)(near[0], near[1], near[2])) return false;
        if (mask[index(near)] == 0 || of[index(near)] != 0) return false;
        of[index(near)] = count;
        open.push_back(near);
        return true;
      });
    }
    return true;
  });
  return of;
}

}  // namespace

TEST_CASE("voxels that touch by a corner are one component", "[components]") {
  // This is one slice, from the top: a staircase that closes at the bottom right, and a voxel two columns away.
  const std::vector<uint8_t> slice = {1, 0, 0, 0, 1,  //
                                      0, 1, 0, 0, 0,  //
                                      0, 0, 1, 1, 0};
  const Components got = connected_components(slice, {5, 3, 1});
  CHECK(got.of == std::vector<int32_t>{1, 0, 0, 0, 2,  //
                                       0, 1, 0, 0, 0,  //
                                       0, 0, 1, 1, 0});
  CHECK(got.voxels == std::vector<int64_t>{4, 1});
  // Along a space diagonal, voxels that touch at a corner are joined. One slice further, they are apart.
  CHECK(connected_components(std::vector<uint8_t>{1, 0, 0, 0, 0, 0, 0, 1}, {2, 2, 2}).count() == 1);
  CHECK(connected_components(std::vector<uint8_t>{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, {2, 2, 3}).count() == 2);
  CHECK(connected_components(std::vector<uint8_t>(12), {2, 2, 3}).count() == 0);
}

TEST_CASE("components of random masks equal those of a flood fill", "[components]") {
  std::mt19937 random(5);
  for (const Index3& size : {Index3{9, 7, 8}, {1, 11, 6}, {13, 1, 4}, {30, 20, 1}}) {
    for (const unsigned density : {1u, 5u, 10u, 20u, 60u}) {
      const std::vector<uint8_t> mask =
          mask_of(size, [&](int64_t, int64_t, int64_t) { return random() % 100 < density; });
      const Components got = connected_components(mask, size);
      CHECK(got.of == flooded(mask, size));
      for (int32_t number = 1; number <= got.count(); ++number) {
        CHECK(std::count(got.of.begin(), got.of.end(), number) == got.voxels[number - 1]);
      }
    }
  }
}

// By hand: the components are the staircase of four voxels, and one voxel.
TEST_CASE("components have boxes, and masks within them", "[components]") {
  const Index3 size = {5, 3, 1};
  const std::vector<uint8_t> slice = {1, 0, 0, 0, 1,  //
                                      0, 1, 0, 0, 0,  //
                                      0, 0, 1, 1, 0};
  const Components components = connected_components(slice, size);
  const std::vector<MaskBox> boxes = boxes_of(components, size);
  REQUIRE(boxes.size() == 2);
  CHECK((boxes[0].low == Index3{0, 0, 0} && boxes[0].size == Index3{4, 3, 1}));
  CHECK((boxes[1].low == Index3{4, 0, 0} && boxes[1].size == Index3{1, 1, 1}));
  const MaskBox both = box_around(boxes[1], boxes[0]);
  CHECK((both.low == Index3{0, 0, 0} && both.size == size));
  const MaskBox right = {{2, 0, 0}, {3, 3, 1}};
  CHECK(mask_in(right, components, {1}, size) == std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 1, 1, 0});
  CHECK(mask_in(right, components, {2}, size) == std::vector<uint8_t>{0, 0, 1, 0, 0, 0, 0, 0, 0});
  CHECK(mask_in(right, components, {1, 2}, size) == std::vector<uint8_t>{0, 0, 1, 0, 0, 0, 1, 1, 0});
}

TEST_CASE("a mask of another grid has no components", "[components]") {
  CHECK_THROWS_AS(connected_components(std::vector<uint8_t>(7), {2, 2, 2}), Error);
}
