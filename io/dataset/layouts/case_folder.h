// The files of a BraTS case's folder, by the names of its edition or in another spelling: a_T1.nii.gz, t1Gd.nii.gz.
//
// Non-obvious rule: the edition's own names come first and are matched whole. Another spelling counts where the
// edition's name is missing and one file alone has it; a file with the name of another case in front never does.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/case_files.h"

namespace revunet::io {

// How an edition of BraTS names its files: <case><separator><suffix>.
struct Naming {
  const char* layout;  // for people
  char separator;
  std::array<const char*, modality_count> suffixes;  // of modality_names
  const LabelProfile& labels;

  // What a segmentation's name has behind the case's: "_seg".
  std::string segmentation_ending() const { return separator + std::string("seg"); }
};
// A row an edition: 2018 to 2021, and since 2023. 2024 names its files as 2023 does and has other labels, so that only
// the user can tell them apart.
const std::array<Naming, 2>& namings();

// BraTS 2018 and 2019 sort cases by grade, into HGG/ and LGG/.
bool is_grade_folder(const std::filesystem::path& folder);

// The case whose segmentation has this name, without .nii.gz: "a_seg" and "a-seg" give "a"; others give the name
// itself.
std::string case_of_segmentation(const std::string& stem);
// What the numbers stand for in a segmentation of this name; none for a name of no edition, and for cases that have
// been published with two label conventions.
std::optional<LabelProfile> labels_of_segmentation(const std::string& stem);

class CaseFolder {
 public:
  // Lists the folder. DataError where that is not possible.
  explicit CaseFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }

  bool has_images() const { return !images_.empty(); }
  // Whether a modality or the segmentation is there by the names of an edition, and a modality in any spelling.
  bool has_own_names() const;
  bool has_modality() const;
  // The edition whose names it has, else the one with most of its suffixes there in upper or lower case, two at least.
  // null for none.
  const Naming* naming() const;
  // DataError for a folder with the names of both.
  void expect_one_naming() const;

  // DataError for two files, for a broken link, and for anything but a file.
  std::optional<std::filesystem::path> find_modality(const Naming& naming, size_t modality) const;
  std::optional<std::filesystem::path> find_segmentation(const Naming& naming) const;

  // DataError where an image that is not read may be the segmentation: a labelled case must not pass for unlabelled.
  void expect_no_other_segmentation(const Naming& naming) const;
  // The image that is not read whose name is nearest to that of a modality; empty where there is none.
  std::string nearest_to(const Naming& naming, size_t modality) const;

 private:
  struct Image {
    std::filesystem::path path;
    std::string suffix;  // behind the case's name, or all of it: "T1"; empty: of another name
    std::optional<size_t> modality;
    bool segmentation = false;
  };

  bool has_names_of(const Naming& naming) const;
  template <class IsWanted>
  std::optional<std::filesystem::path> find_spelled(const std::string& what, IsWanted is_wanted) const;

  std::filesystem::path path_;
  std::vector<Image> images_;  // by name
};

// The segmentation of a case's folder. DataError as find_image, and for a folder with the names of two editions.
std::optional<std::filesystem::path> brats_segmentation(const std::filesystem::path& folder);

}  // namespace revunet::io
