#include "io/dataset/case_files.h"

#include <algorithm>

#include "engine/error.h"

namespace revunet::io {

CaseFiles with_task(const CaseFiles& files, const TaskPointer& task) {
  const std::vector<std::string>& own = files.task()->modalities();
  REVUNET_EXPECTS(same_regions(*files.task(), *task), Error, "[{}] expected a task of the regions of {}, got {}",
                  files.name, describe(*files.task()), describe(*task));
  CaseFiles result(files.name, {files.labels.name(), task, files.labels.meanings()});
  for (size_t m = 0; m < result.modalities.size(); ++m) {
    const auto found = std::ranges::find(own, task->modalities()[m]);
    REVUNET_EXPECTS(found != own.end(), Error, "[{}] expected modalities of {}, got {}", files.name,
                    describe(*files.task()), task->modalities()[m]);
    result.modalities[m] = files.modalities[static_cast<size_t>(found - own.begin())];
  }
  result.segmentation = files.segmentation;
  result.background = files.background;
  return result;
}

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
