#include "io/dataset/case_files.h"

#include <algorithm>

namespace revunet::io {

std::vector<std::string> missing_modalities(const CaseFiles& files) {
  std::vector<std::string> names;
  for (size_t i = 0; i < files.modalities.size(); ++i) {
    if (files.modalities[i].path.empty()) names.push_back(files.task()->modalities()[i]);
  }
  return names;
}

std::vector<CaseFile> files_of(const CaseFiles& files) {
  std::vector<CaseFile> result;
  for (size_t i = 0; i < files.modalities.size(); ++i) {
    const ImageFrame& image = files.modalities[i];
    if (image.path.empty() || std::ranges::count(result, image.path, &CaseFile::path) > 0) continue;
    result.push_back({image.frames > 1 ? "images" : files.task()->modalities()[i], image.path});
  }
  if (files.segmentation) result.push_back({"seg", *files.segmentation});
  return result;
}

}  // namespace revunet::io
