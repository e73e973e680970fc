// Cases of a BraTS dataset (layouts of 2018 to 2021): found by name, loaded with their grids and labels checked.
//
// Non-obvious rule: file names are matched whole, `<case>/<case>_{t1,t1ce,t2,flair,seg}.nii[.gz]` (so `_t1ce` is never
// taken for `_t1`), and cases come sorted by name: the order of a folder's entries is no order.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/nifti.h"

namespace revunet::io {

constexpr int64_t modality_count = 4;
// The channel order of every image, and the files' suffixes.
constexpr std::array<const char*, modality_count> modality_names = {"t1", "t1ce", "t2", "flair"};
constexpr size_t modality_t1ce = 1, modality_flair = 3;  // in this order

struct CaseFiles {
  std::string name;  // the folder's
  std::array<std::filesystem::path, modality_count> modalities;
  std::optional<std::filesystem::path> segmentation;  // none in validation and test data
};

// All of them.
std::vector<std::filesystem::path> files_of(const CaseFiles& files);

// Cases of a dataset, sorted by name. `path` is a case's folder, or a folder of case folders, some or all of which may
// lie one deeper in HGG/ and LGG/. Files beside the case folders (.csv tables) and hidden entries are ignored; every
// other folder must be a case. Only names are looked at, no file is read.
// DataError for: no case (with the layout expected), a modality that is missing, .nii and .nii.gz of the same thing, a
// modality or segmentation that is the same file as another, a segmentation under another name, two cases of one name.
std::vector<CaseFiles> find_cases(const std::filesystem::path& path);

// All voxels of a case on one grid.
struct CaseVolumes {
  std::string name;
  Grid grid;
  std::array<std::vector<float>, modality_count> modalities;  // each X*Y*Z, x fastest
  std::optional<std::vector<uint8_t>> labels;                 // X*Y*Z, x fastest; 0, 1, 2 or 4
  std::vector<char> header;                                   // of the first modality: for images made of this case
};

// Reads a case's files. DataError as read_nifti, and for: a modality of several frames, grids that differ (naming the
// case, both files and their sizes), labels other than 0, 1, 2, 4.
CaseVolumes load_case(const CaseFiles& files);

}  // namespace revunet::io
