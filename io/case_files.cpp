#include "io/case_files.h"

#include <algorithm>

namespace revunet::io {

std::vector<CaseFile> files_of(const CaseFiles& files) {
  std::vector<CaseFile> result;
  for (size_t i = 0; i < files.modalities.size(); ++i) {
    const ImageFrame& image = files.modalities[i];
    if (std::ranges::count(result, image.path, &CaseFile::path) > 0) continue;
    result.push_back({image.frames > 1 ? "images" : modality_names[i], image.path});
  }
  if (files.segmentation) result.push_back({"seg", *files.segmentation});
  return result;
}

}  // namespace revunet::io
