// Makes a dataset of a task of its own for runs on patches, and asks for the memory of such runs.
#pragma once

#include "tests/tools/small_images.h"
#include "tests/tools/tiny_runs.h"

namespace revunet::test {

// Makes three cases of noise with a bright box that is labelled. The median case has 44 x 32 x 16 voxels.
inline std::filesystem::path make_long_boxes(const std::filesystem::path& root) {
  for (int c = 0; c < 3; ++c) {
    const SmallGrid grid{.size = {48 - 4 * c, 32 - 2 * (c % 2), 16}};
    const auto inside = [c](int64_t x, int64_t y, int64_t z) {
      return x >= 10 + 2 * c && x < 30 + 2 * c && y >= 8 && y < 24 && z >= 4 && z < 12;
    };
    write_segmentation(root / fmt::format("labelsTr/box_{}.nii", c), grid, inside);
    write_image(root / fmt::format("imagesTr/box_{}.nii", c), grid,
                [&](int64_t x, int64_t y, int64_t z) { return noise(x, y, z, c) + 40 * inside(x, y, z); });
  }
  make_file(root / "dataset.json",
            R"({"name": "Boxes", "modality": {"0": "MRI"}, "labels": {"0": "background", "1": "box"}})");
  return root;
}

inline constexpr const char* kPatchNetwork = "--channels 8,16 --halve xyz --augment none --check headers --previews 0";

// Returns the MiB that a plan says the run reserves.
inline double planned_mib(const std::string& options) {
  const ToolResult got = run_tool("revunet-train", "--plan " + options);
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  const std::string before = "the run reserves ";
  return std::stod(got.output.substr(got.output.find(before) + before.size()));
}

}  // namespace revunet::test
