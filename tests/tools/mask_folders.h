// Makes folders of masks, references in ref/ and predictions in out/, and scores them with revunet-evaluate.
#pragma once

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/nifti/nifti.h"
#include "tests/io/mask_shapes.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"
#include "tests/tools/tiny_runs.h"

namespace revunet::test {

inline constexpr double statistic_tolerance = 1e-12;

// The label is 4, so that all three regions are the same mask.
inline void write_mask(const std::filesystem::path& path, const Index3& size, const Inside& inside) {
  std::filesystem::create_directories(path.parent_path());
  std::vector<uint8_t> labels = mask_of(size, inside);
  for (uint8_t& label : labels) label = label != 0 ? 4 : 0;
  io::write_nifti(path, io::make_nifti_header(size, {1, 1, 1}), labels);
}

inline ToolResult evaluate_folders(const TemporaryFolder& folder, const std::string& more) {
  return run_tool("revunet-evaluate", fmt::format("--reference '{}' --prediction '{}' {}", (folder / "ref").string(),
                                                  (folder / "out").string(), more));
}

inline nlohmann::json scores_of(const TemporaryFolder& folder, const std::string& more) {
  const std::string file = (folder / "s.json").string();
  const ToolResult got = evaluate_folders(folder, fmt::format("--json '{}' {}", file, more));
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK(got.errors.empty());  // no progress is written into a pipe
  return nlohmann::json::parse(read_bytes(file));
}

// Cubes of side 10 are shifted by 0, 1, 2, 3 and 4 voxels: Dice 1, 0.9, 0.8, 0.7, 0.6; HD95 of that many mm.
inline void write_shifted_cubes(const TemporaryFolder& folder) {
  const Index3 size = {16, 12, 12};
  for (int64_t shift = 0; shift < 5; ++shift) {
    write_mask(folder / fmt::format("ref/case{}_seg.nii.gz", shift), size, cube({1, 1, 1}, 10));
    write_mask(folder / fmt::format("out/case{}.nii.gz", shift), size, cube({1 + shift, 1, 1}, 10));
  }
}

}  // namespace revunet::test
