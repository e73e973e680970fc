// Makes a dataset of small sound cases for tests of checks, each of which may then be damaged.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/nifti/nifti.h"
#include "tests/io/test_files.h"

namespace revunet::test {

namespace fs = std::filesystem;

inline constexpr std::array<int64_t, 3> made_size = {8, 6, 4};
inline constexpr size_t made_voxels = 8 * 6 * 4;
inline const char* const made_modalities[] = {"t1", "t1ce", "t2", "flair"};

// Returns voxels that no other case and modality has, and a background of 0 in two rows.
inline std::vector<float> voxels_of(int case_number, int modality) {
  std::vector<float> voxels(made_voxels);
  for (size_t v = 16; v < voxels.size(); ++v) {
    voxels[v] = static_cast<float>(1000 * case_number + 10 * modality) + 0.01f * static_cast<float>(v);
  }
  return voxels;
}

// Returns labels with 5 voxels of core, 7 of oedema and 3 of enhancing tumour, at a place that no other case has.
inline std::vector<uint8_t> sound_labels(int case_number) {
  std::vector<uint8_t> labels(made_voxels);
  std::fill_n(labels.begin() + 20, 5, uint8_t{1});
  std::fill_n(labels.begin() + 40, 7, uint8_t{2});
  std::fill_n(labels.begin() + 60 + case_number, 3, uint8_t{4});
  return labels;
}

struct MadeDataset {
  TemporaryFolder folder;
  std::vector<char> header = io::make_nifti_header(made_size, {1, 1, 1});

  fs::path file(const std::string& name, const std::string& suffix) const {
    return folder.path() / name / (fs::path(name).filename().string() + "_" + suffix);
  }
  // Adds a sound case.
  void add(const std::string& name, int number) {
    fs::create_directories(folder.path() / name);
    for (int m = 0; m < 4; ++m) {
      io::write_nifti(file(name, std::string(made_modalities[m]) + ".nii.gz"), header, voxels_of(number, m), 1);
    }
    io::write_nifti(file(name, "seg.nii.gz"), header, sound_labels(number));
  }
};

}  // namespace revunet::test
