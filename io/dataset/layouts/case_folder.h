// This file finds the files of a BraTS case's folder, by the names of its edition or in another spelling, such as
// a_T1.nii.gz or t1Gd.nii.gz.
//
// Non-obvious rule: the edition's own names come first and are matched whole. Another spelling counts where the
// edition's name is missing and only one file has it. A file that begins with another case's name never counts.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/case_files.h"

namespace revunet::io {

// A Naming says how an edition of BraTS names its files: <case><separator><suffix>.
struct Naming {
  const char* layout;  // for people
  char separator;
  std::array<const char*, 4> suffixes;  // of BraTS's modalities
  const LabelProfile& labels;

  // Returns what follows the case's name in the name of a segmentation: "_seg".
  std::string segmentation_ending() const { return separator + std::string("seg"); }
};
// Each edition has a row: 2018 to 2021, and since 2023. 2024 names its files as 2023 does but has other labels, so only
// the user can tell them apart.
const std::array<Naming, 2>& namings();

// BraTS 2018 and 2019 sort cases by grade, into HGG/ and LGG/.
bool is_grade_folder(const std::filesystem::path& folder);

// Returns the case whose segmentation has this name, without .nii.gz: "a_seg" and "a-seg" give "a". Other names are
// returned unchanged.
std::string case_of_segmentation(const std::string& stem);
// Returns what the numbers stand for in a segmentation of this name. Returns none for a name of no edition, and for
// cases that have been published with two label conventions.
std::optional<LabelProfile> labels_of_segmentation(const std::string& stem);

class CaseFolder {
 public:
  // Lists the folder. Throws DataError where that is not possible.
  explicit CaseFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }

  bool has_images() const { return !images_.empty(); }
  // These return whether the folder has a modality or the segmentation by the names of an edition, and whether it has a
  // modality in any spelling.
  bool has_own_names() const;
  bool has_modality() const;
  // Returns the edition whose names it has. Otherwise returns the one with most of its suffixes there in upper or lower
  // case, at least two, or null if there is none.
  const Naming* naming() const;
  // Throws DataError for a folder with the names of both editions.
  void expect_one_naming() const;

  // Throws DataError for two files, for a broken link, and for anything but a file.
  std::optional<std::filesystem::path> find_modality(const Naming& naming, size_t modality) const;
  std::optional<std::filesystem::path> find_segmentation(const Naming& naming) const;

  // Throws DataError where an image that is not read may be the segmentation, because a labelled case must not pass for
  // unlabelled.
  void expect_no_other_segmentation(const Naming& naming) const;
  // Returns the unread image whose name is nearest to that of a modality, or an empty text where there is none.
  std::string nearest_to(const Naming& naming, size_t modality) const;

 private:
  struct Image {
    std::filesystem::path path;
    std::string suffix;  // after the case's name, or all of it: "T1"; empty: for another name
    std::optional<size_t> modality;
    bool segmentation = false;
  };

  bool has_names_of(const Naming& naming) const;
  template <class IsWanted>
  std::optional<std::filesystem::path> find_spelled(const std::string& what, IsWanted is_wanted) const;

  std::filesystem::path path_;
  std::vector<Image> images_;  // by name
};

// Returns the segmentation of a case's folder. Throws DataError as find_image does, and for a folder with the names of
// two editions.
std::optional<std::filesystem::path> brats_segmentation(const std::filesystem::path& folder);

}  // namespace revunet::io
