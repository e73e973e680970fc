// Small datasets: images of 2 x 2 x 2 voxels whose values say where they come from, in the folders of the layouts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "engine/error.h"
#include "io/dataset/dataset.h"
#include "tests/io/test_files.h"

namespace revunet::test {

namespace fs = std::filesystem;

// Makes a 2 x 2 x 2 image: voxel v of frame t is 10 t + v, so that every voxel says where it comes from.
inline std::string frames_image(int64_t frames) {
  NiftiBytes image;
  image.dims(frames == 1 ? std::vector<int64_t>{2, 2, 2} : std::vector<int64_t>{2, 2, 2, frames});
  std::vector<int16_t> voxels;
  for (int64_t t = 0; t < frames; ++t) {
    for (int64_t v = 0; v < 8; ++v) voxels.push_back(static_cast<int16_t>(10 * t + v));
  }
  image.fill(voxels);
  return image.bytes();
}

inline std::string constant_image(int value) {
  NiftiBytes image;
  image.dims({2, 2, 2});
  image.fill(std::vector<int16_t>(8, static_cast<int16_t>(value)));
  return image.bytes();
}

inline std::string labels_image(const std::vector<uint8_t>& values) {
  NiftiBytes image;
  image.dims({2, 2, 2});
  image.datatype(2, 8);
  image.fill(values);
  return image.bytes();
}

inline constexpr const char* nnunet_json = R"({"channel_names": {"0": "T1", "1": "T1ce", "2": "T2", "3": "Flair"},
  "labels": {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": [3]},
  "numTraining": 1, "file_ending": ".nii.gz"})";

// Makes imagesTr/a_0000.nii to _0003, each constant: 1, 2, 3 and 4.
inline void make_nnunet(const fs::path& root, const std::string& json, const std::string& images = "imagesTr") {
  make_file(root / "dataset.json", json);
  for (int c = 0; c < 4; ++c) make_file(root / images / fmt::format("a_000{}.nii", c), constant_image(c + 1));
}

inline std::string layout_refusal(const fs::path& path) {
  return message_of<DataError>([&] { io::find_cases(path); });
}

}  // namespace revunet::test
