// Which files make a case, whatever the layout of the dataset that it lies in.
//
// Non-obvious rule: a modality is a frame of a file: the only one, or one of the frames of a 4-D image.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/background.h"
#include "io/dataset/label_profile.h"

namespace revunet::io {

constexpr int64_t modality_count = 4;
// The channel order of every image.
constexpr std::array<const char*, modality_count> modality_names = {"t1", "t1ce", "t2", "flair"};
constexpr size_t modality_t1ce = 1, modality_flair = 3;

struct ImageFrame {
  std::filesystem::path path;  // empty: a modality that is missing
  int64_t frame = 0;
  int64_t frames = 1;  // that the file must have
};

struct CaseFiles {
  std::string name;
  std::array<ImageFrame, modality_count> modalities;
  std::optional<std::filesystem::path> segmentation;  // none in validation and test data
  LabelProfile labels = LabelProfile::brats();        // what the segmentation's values stand for
  Background background = {};                         // of the images
};

// By name, of modalities without a file.
std::vector<std::string> missing_modalities(const CaseFiles& files);

struct CaseFile {
  std::string role;  // t1, t1ce, t2, flair or seg; images, where one file holds all modalities
  std::filesystem::path path;
};

// Each file once.
std::vector<CaseFile> files_of(const CaseFiles& files);

// What is wrong with a dataset before any file is read.
struct DatasetProblem {
  enum class Kind {
    modality,      // of a case of the scan, which has others
    segmentation,  // of a case that the layout lets be without, next to cases that have one
    missing,       // another file that is not there
    layout,        // a name, link or folder that does not fit the layout
    labels,        // nothing says what the numbers of segmentations stand for
  };
  Kind kind;
  std::string case_name;  // empty: of the dataset
  std::string message;    // as an error's
};

// Everything that was found below a path.
struct DatasetScan {
  std::string layout;            // for people: "BraTS 2018-2021"
  std::vector<CaseFiles> cases;  // by name; of incomplete cases, the paths of missing modalities are empty
  std::vector<DatasetProblem> problems;
  std::vector<std::string> left_out = {};   // paths of folders next to the cases that hold no image
  std::vector<std::string> respelled = {};  // files that another spelling than the layout's names: "<path> as t1"
  std::string relabelled = {};              // that --labels contradicts dataset.json, and how; empty where it does not
};

}  // namespace revunet::io
