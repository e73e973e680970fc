#include "io/dataset/layouts/scan_parts.h"

#include <algorithm>
#include <system_error>

#include "engine/error.h"

namespace revunet::io {

namespace fs = std::filesystem;

void add_problem(DatasetScan& scan, DatasetProblem::Kind kind, const std::string& case_name,
                 const std::string& message) {
  scan.problems.push_back({kind, case_name, message});
}

void add_case(DatasetScan& scan, CaseFiles files, const fs::path& where) {
  const auto place = std::upper_bound(scan.cases.begin(), scan.cases.end(), files.name,
                                      [](const std::string& name, const CaseFiles& c) { return name < c.name; });
  if (place != scan.cases.begin() && std::prev(place)->name == files.name) {
    const auto& others = std::prev(place)->modalities;
    const auto known =
        std::find_if(others.begin(), others.end(), [](const ImageFrame& image) { return !image.path.empty(); });
    add_problem(
        scan, DatasetProblem::Kind::layout, files.name,
        fmt::format("[{}] expected one case of each name, got {} also in {}; rename or remove one", where.string(),
                    files.name, known == others.end() ? "another folder" : known->path.parent_path().string()));
  }
  scan.cases.insert(place, std::move(files));
}

void expect_distinct(const CaseFiles& files) {
  std::vector<fs::path> paths;
  for (const ImageFrame& image : files.modalities) {
    if (!image.path.empty()) paths.push_back(image.path);
  }
  if (files.segmentation) paths.push_back(*files.segmentation);
  for (size_t i = 0; i < paths.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      std::error_code error;  // the file is judged when it is read
      REVUNET_EXPECTS(!fs::equivalent(paths[i], paths[j], error), DataError,
                      "[{}] expected a file of its own, got a link to the same file as {}; put the right image there",
                      paths[i].string(), paths[j].filename().string());
    }
  }
}

void add_missing_modalities(DatasetScan& scan, const CaseFiles& files, const std::string& message) {
  const bool others = missing_modalities(files).size() < files.modalities.size();
  add_problem(scan, others ? DatasetProblem::Kind::modality : DatasetProblem::Kind::missing, files.name,
              message + "; add what is missing, or move the case out of the dataset");
}

void add_missing_segmentations(DatasetScan& scan, const std::set<std::string>& unknown) {
  const auto unlabelled =
      std::count_if(scan.cases.begin(), scan.cases.end(), [](const CaseFiles& files) { return !files.segmentation; });
  if (unlabelled == std::ssize(scan.cases)) return;
  for (const CaseFiles& files : scan.cases) {
    if (files.segmentation || unknown.contains(files.name)) continue;
    add_problem(scan, DatasetProblem::Kind::segmentation, files.name,
                fmt::format("[{}] expected a segmentation, as {} of {} cases have one, got none; add it, or keep cases "
                            "without in a folder of their own",
                            files.name, std::ssize(scan.cases) - unlabelled, scan.cases.size()));
  }
}

}  // namespace revunet::io
