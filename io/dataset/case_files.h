// This file says which files make a case, whatever the layout of its dataset.
//
// Non-obvious rule: a modality is a frame of a file: the only one, or one of the frames of a 4-D image. Which ones
// there are, the case's task says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/background.h"
#include "io/dataset/label_profile.h"

namespace revunet::io {

struct ImageFrame {
  std::filesystem::path path;  // empty: a modality that is missing
  int64_t frame = 0;
  int64_t frames = 1;  // number that the file must have
};

struct CaseFiles {
  // Makes a case without files.
  CaseFiles(std::string case_name, const LabelProfile& profile)
      : name(std::move(case_name)), modalities(profile.task()->modalities().size()), labels(profile) {}

  const TaskPointer& task() const { return labels.task(); }

  std::string name;
  std::vector<ImageFrame> modalities;                      // of the task's
  std::optional<std::filesystem::path> segmentation = {};  // none in validation and test data
  LabelProfile labels;                                     // what the values of the segmentation stand for
  Background background = {};                              // of the images
};

// Returns the case with the modalities of `task` alone, which are some of its own. Throws Error for tasks of other
// regions, and for a modality that the case does not have.
CaseFiles with_task(const CaseFiles& files, const TaskPointer& task);

// Returns the names of modalities without a file.
std::vector<std::string> missing_modalities(const CaseFiles& files);

struct CaseFile {
  std::string role;  // a modality or seg; images, where one file holds several modalities
  std::filesystem::path path;
};

// Returns each file once.
std::vector<CaseFile> files_of(const CaseFiles& files);

// A DatasetProblem is wrong with a dataset before any file is read.
struct DatasetProblem {
  enum class Kind {
    modality,      // of a case of the scan, which has other modalities
    segmentation,  // of a case next to cases that have one, where the layout allows none
    missing,       // another file does not exist
    layout,        // a name, link or folder that does not fit the layout
    labels,        // nothing says what the numbers of segmentations stand for
  };
  Kind kind;
  std::string case_name;  // empty: about the dataset
  std::string message;    // as an error's
};

// A DatasetScan is everything that was found below a path.
struct DatasetScan {
  std::string layout;            // for people: "BraTS 2018-2021"
  std::vector<CaseFiles> cases;  // by name; in incomplete cases, the paths of missing modalities are empty
  std::vector<DatasetProblem> problems;
  std::vector<std::string> left_out = {};   // paths of folders next to the cases that hold no image
  std::vector<std::string> respelled = {};  // files that another spelling than the layout's names: "<path> as t1"
  std::string task_note = {};  // what a user should know of dataset.json's channels and labels; empty: nothing
};

}  // namespace revunet::io
