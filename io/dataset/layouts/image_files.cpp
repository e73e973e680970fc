#include "io/dataset/layouts/image_files.h"

#include <algorithm>
#include <system_error>

#include "engine/error.h"
#include "io/task/file_patterns.h"

namespace revunet::io {

namespace fs = std::filesystem;

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with('.')) entries.push_back(it->path());
  }
  REVUNET_EXPECTS(!error, DataError, "[{}] expected a folder that can be listed, got: {}; check path and permissions",
                  folder.string(), error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::optional<std::string> image_stem(const fs::path& path) {
  const std::string file = path.filename().string();
  const std::string stem = without_image_ending(file);
  return stem.size() < file.size() ? std::optional(stem) : std::nullopt;
}

bool has_entry(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  // No file can have a name that is too long.
  const bool absent = status.type() == fs::file_type::not_found || error == std::errc::filename_too_long;
  REVUNET_EXPECTS(absent || !error, DataError,
                  "[{}] expected a file that can be looked at, got: {}; check permissions and disk", path.string(),
                  error.message());
  return !absent;
}

void expect_no_broken_link(const fs::path& path) {
  std::error_code error;  // for example a link to itself
  REVUNET_EXPECTS(!has_entry(path) || fs::exists(path, error), DataError,
                  "[{}] expected a file or folder, got a broken link; fix it (is its disk mounted?) or remove it",
                  path.string());
}

std::optional<fs::path> find_image(const fs::path& folder, const std::string& stem) {
  // Endings in capitals are looked for where the usual ones are not there: some file systems ignore case.
  for (const std::vector<const char*>& endings :
       {std::vector{".nii", ".nii.gz"}, std::vector{".NII", ".NII.GZ", ".nii.GZ", ".NII.gz"}}) {
    std::vector<fs::path> found;
    for (const char* ending : endings) {
      if (const fs::path path = folder / (stem + ending); has_entry(path)) found.push_back(path);
    }
    if (found.empty()) continue;
    REVUNET_EXPECTS(found.size() == 1, DataError,
                    "[{}] expected one file for {}, got both {} and {}; remove one of them", folder.string(), stem,
                    found[0].filename().string(), found[1].filename().string());
    expect_image_file(found[0]);
    return found[0];
  }
  return std::nullopt;
}

void expect_image_file(const fs::path& path) {
  expect_no_broken_link(path);
  std::error_code error;
  REVUNET_EXPECTS(fs::is_regular_file(path, error), DataError,
                  "[{}] expected a file, got a folder or device; move the image itself here", path.string());
}

std::optional<fs::path> find_image_below(const fs::path& folder, int levels) try {
  std::error_code error;  // a file that cannot be looked at is judged when it is read
  for (const fs::path& entry : sorted_entries(folder)) {
    const bool is_folder = fs::is_directory(entry, error);
    if (!is_folder && image_stem(entry)) return entry;
    if (!is_folder || levels == 0 || fs::is_symlink(entry, error)) continue;
    if (auto found = find_image_below(entry, levels - 1)) return found;
  }
  return std::nullopt;
} catch (const DataError&) {
  return folder;
}

}  // namespace revunet::io
