// Reads folders of event files by TensorBoard's own reader.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/python.h"

namespace revunet::test {

// Prints how TensorBoard's reader understands a folder: a line per series, `tag step=value step=value ...`, where
// pictures have widthxheight for the value.
inline constexpr const char* kTensorBoardReader = R"python(
import sys
from tensorboard.backend.event_processing import event_accumulator as ea
a = ea.EventAccumulator(sys.argv[1], size_guidance={ea.SCALARS: 0, ea.IMAGES: 0})
a.Reload()
for tag in a.Tags()["scalars"]:
    print(tag, *["%d=%.6f" % (e.step, e.value) for e in a.Scalars(tag)])
for tag in a.Tags()["images"]:
    print(tag, *["%d=%dx%d" % (e.step, e.width, e.height) for e in a.Images(tag)])
)python";

// Returns nothing where Python or its package is missing.
inline std::optional<std::map<std::string, std::string>> read_by_tensorboard(const std::filesystem::path& folder) {
  const auto read = run_python("tensorboard", kTensorBoardReader, "'" + folder.string() + "' 2>/dev/null");
  if (!read) return std::nullopt;
  std::map<std::string, std::string> series;
  std::istringstream lines(*read);
  for (std::string line; std::getline(lines, line);) {
    const size_t space = line.find(' ');
    series[line.substr(0, space)] = line.substr(space + 1);
  }
  return series;
}

// Returns the names of the files in a folder, sorted.
inline std::vector<std::string> event_files(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace revunet::test
