// Tests which axes the steps of a network halve by default, against nnU-Net.
#include "tools/train/level_choice.h"

#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

std::string chosen(const io::Size3& median, const io::Spacing3& spacing = {1, 1, 1}, size_t most_levels = 5) {
  return halved_text(choose_steps(median, spacing, most_levels));
}

}  // namespace

// The values are those of get_pool_and_conv_props in nnU-Net 2 (network_topology.py of commit 0e49508), given 4 as the
// least extent, up to the fourth step.
TEST_CASE("steps halve the axes that nnU-Net's would", "[train]") {
  CHECK(chosen({35, 50, 36}) == "xyz,xyz,xyz");  // the Decathlon's hippocampus
  CHECK(chosen({160, 192, 160}) == "xyz,xyz,xyz,xyz");
  CHECK(chosen({320, 320, 20}) == "xyz,xyz,xy,xy");
  CHECK(chosen({320, 320, 20}, {0.625, 0.625, 3.6}) == "xy,xy,xyz,xyz");
  CHECK(chosen({64, 64, 16}) == "xyz,xyz,xy,xy");
  CHECK(chosen({16, 256, 256}, {5, 1, 1}) == "yz,yz,xyz,xyz");
  CHECK(chosen({256, 216, 10}, {1.5, 1.5, 8}) == "xy,xy,xyz,xy");
  CHECK(chosen({320, 320, 3}) == "xy,xy,xy,xy");  // the spacing of an axis that cannot be halved does not count
  // Voxels that are just twice as long wait for a step, and are cubes after it.
  CHECK(chosen({160, 160, 80}, {1, 1, 2}) == "xy,xyz,xyz,xyz");
  CHECK(chosen({160, 160, 80}, {1, 1, 1.9}) == "xyz,xyz,xyz,xyz");
}

TEST_CASE("there are no more steps than levels ask for and voxels allow", "[train]") {
  CHECK(chosen({128, 128, 128}, {1, 1, 1}, 3) == "xyz,xyz");
  CHECK(chosen({128, 128, 128}, {1, 1, 1}, 1).empty());
  CHECK(chosen({128, 128, 128}, {1, 1, 1}, 9) == "xyz,xyz,xyz,xyz,xyz");  // 4 voxels are left
  CHECK(chosen({7, 7, 7}).empty());
  CHECK(chosen({8, 7, 7}) == "x");
}
