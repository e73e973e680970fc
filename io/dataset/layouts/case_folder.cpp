#include "io/dataset/layouts/case_folder.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/error.h"
#include "io/dataset/layouts/image_files.h"
#include "io/dataset/layouts/spellings.h"
#include "io/text/lower_case.h"
#include "io/text/similar_words.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

// BraTS 2020 ships one segmentation under another name than the rest.
constexpr std::string_view odd_case = "BraTS20_Training_355", odd_segmentation = "W39_1998.09.19_Segm";

// Files with these endings are images that are not read: other formats, and unfinished downloads.
constexpr std::array<std::string_view, 8> other_formats = {".nrrd", ".mha", ".mhd",  ".img",
                                                           ".hdr",  ".mgz", ".part", ".crdownload"};

// Returns what follows the case's name and a separator, or the whole of a name without the case's.
std::string suffix_of(const std::string& stem, const std::string& case_name) {
  if (!lower_case(stem).starts_with(lower_case(case_name))) return stem;
  const std::string rest = stem.substr(case_name.size());
  return rest.empty() || std::string_view("_-. ").find(rest[0]) == std::string_view::npos ? stem : rest.substr(1);
}

}  // namespace

const std::array<Naming, 2>& namings() {
  static const std::array<Naming, 2> all = {
      Naming{"BraTS 2018-2021", '_', {"t1", "t1ce", "t2", "flair"}, LabelProfile::brats()},
      Naming{"BraTS 2023-2025", '-', {"t1n", "t1c", "t2w", "t2f"}, LabelProfile::brats2023()},
  };
  return all;
}

bool is_grade_folder(const fs::path& folder) {
  return folder.filename() == "HGG" || folder.filename() == "LGG";
}

std::string case_of_segmentation(const std::string& stem) {
  for (const Naming& naming : namings()) {
    const std::string ending = naming.segmentation_ending();
    if (stem.size() > ending.size() && stem.ends_with(ending)) return stem.substr(0, stem.size() - ending.size());
  }
  return stem;
}

std::optional<LabelProfile> labels_of_segmentation(const std::string& stem) {
  if (has_two_conventions(stem)) return std::nullopt;
  if (stem.ends_with("_Segm")) return namings()[0].labels;  // the odd one of BraTS 2020
  for (const Naming& naming : namings()) {
    if (stem.ends_with(naming.segmentation_ending())) return naming.labels;
  }
  return std::nullopt;
}

CaseFolder::CaseFolder(fs::path path) : path_(std::move(path)) {
  for (const fs::path& entry : sorted_entries(path_)) {
    const auto stem = image_stem(entry);
    if (!stem) continue;
    const std::string suffix = suffix_of(*stem, name());
    images_.push_back({entry, suffix, modality_of_name(suffix), is_name_of_segmentation(suffix)});
  }
}

bool CaseFolder::has_own_names() const {
  return std::ranges::any_of(namings(), [&](const Naming& naming) { return has_names_of(naming); });
}

bool CaseFolder::has_modality() const {
  return std::ranges::any_of(images_, [](const Image& i) { return i.modality.has_value(); });
}

bool CaseFolder::has_names_of(const Naming& naming) const {
  const auto has = [&](const std::string& suffix) {
    const std::string stem = name() + naming.separator + suffix;
    return std::ranges::any_of(images_, [&](const Image& i) { return image_stem(i.path) == stem; });
  };
  return has("seg") || std::ranges::any_of(naming.suffixes, has);
}

const Naming* CaseFolder::naming() const {
  for (const Naming& naming : namings()) {
    if (has_names_of(naming)) return &naming;
  }
  // At least two suffixes must match, because T2w alone is a usual spelling too.
  std::ptrdiff_t most = 1;
  const Naming* spelled = nullptr;
  for (const Naming& naming : namings()) {
    const std::ptrdiff_t count = std::ranges::count_if(naming.suffixes, [&](const char* suffix) {
      return std::ranges::count(images_, suffix, [](const Image& i) { return lower_case(i.suffix); }) > 0;
    });
    if (count <= most) continue;
    most = count;
    spelled = &naming;
  }
  return spelled;
}

void CaseFolder::expect_one_naming() const {
  const auto& [a, b] = namings();
  REVUNET_EXPECTS(!(has_names_of(a) && has_names_of(b)), DataError,
                  "[{}] expected the names of {} or of {}, got both, whose labels differ; keep one of them",
                  path_.string(), a.layout, b.layout);
}

template <class IsWanted>
std::optional<fs::path> CaseFolder::find_spelled(const std::string& what, IsWanted is_wanted) const {
  std::vector<std::string> found;
  for (const Image& i : images_) {
    if (is_wanted(i)) found.push_back(i.path.filename().string());
  }
  REVUNET_EXPECTS(found.size() < 2, DataError, "[{}] expected one file for {}, got {}; remove all but one",
                  path_.string(), what, fmt::join(found, " and "));
  if (found.empty()) return std::nullopt;
  const fs::path path = path_ / found[0];
  expect_image_file(path);
  return path;
}

std::optional<fs::path> CaseFolder::find_modality(const Naming& naming, size_t modality) const {
  const std::string suffix = naming.suffixes[modality];
  if (const auto found = find_image(path_, name() + naming.separator + suffix)) return found;
  return find_spelled(suffix, [&](const Image& i) { return i.modality == modality; });
}

std::optional<fs::path> CaseFolder::find_segmentation(const Naming& naming) const {
  const auto found = find_image(path_, name() + naming.segmentation_ending());
  const auto odd = name() == odd_case ? find_image(path_, std::string(odd_segmentation)) : std::nullopt;
  REVUNET_EXPECTS(!(found && odd), DataError, "[{}] expected one segmentation, got {} and {}; remove one of them",
                  path_.string(), found->filename().string(), odd->filename().string());
  if (found || odd) return found ? found : odd;
  return find_spelled("the segmentation", [](const Image& i) { return i.segmentation; });
}

void CaseFolder::expect_no_other_segmentation(const Naming& naming) const {
  const auto expect_none = [&](const fs::path& file, const std::string& suffix) {
    REVUNET_EXPECTS(lower_case(suffix).find("seg") == std::string::npos, DataError,
                    "[{}] expected the segmentation to be named {}{}seg.nii.gz (or .nii), got {}; rename or convert "
                    "it, or move it away if it is none",
                    path_.string(), name(), naming.separator, file.filename().string());
  };
  for (const Image& i : images_) {
    if (!i.modality) expect_none(i.path, i.suffix);
  }
  for (const fs::path& entry : sorted_entries(path_)) {
    const std::string ending = lower_case(entry.extension().string());
    if (std::ranges::find(other_formats, ending) != other_formats.end()) {
      expect_none(entry, suffix_of(entry.filename().string(), name()));
    }
  }
}

std::string CaseFolder::nearest_to(const Naming& naming, size_t modality) const {
  const std::string wanted = lower_case(name() + naming.separator + naming.suffixes[modality]);
  std::string nearest;
  size_t least = 0;
  for (const Image& i : images_) {
    if (i.modality || i.segmentation) continue;
    const size_t distance = edit_distance(lower_case(*image_stem(i.path)), wanted);
    if (!nearest.empty() && distance >= least) continue;
    least = distance;
    nearest = i.path.filename().string();
  }
  return nearest;
}

std::optional<fs::path> brats_segmentation(const fs::path& path) {
  const CaseFolder folder(path);
  folder.expect_one_naming();
  return folder.find_segmentation(folder.naming() ? *folder.naming() : namings()[0]);
}

}  // namespace revunet::io
