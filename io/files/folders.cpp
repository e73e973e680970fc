#include "io/files/folders.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "engine/error.h"

namespace revunet::io {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder) {
  std::error_code error;
  const fs::path place = fs::absolute(folder, error);  // as typed: a/link/../b is not a/b
  std::vector<fs::path> changed;
  for (fs::path missing = place; missing.has_relative_path() && !fs::exists(missing, error);
       missing = missing.parent_path()) {
    changed.push_back(missing.parent_path());
  }
  fs::create_directories(place, error);
  REVUNET_EXPECTS(!error, DataError, "[{}] expected to make this folder, got: {}; check its path and permissions",
                  folder.string(), error.message());
  for (const fs::path& parent : changed) sync_folder(parent);
}

void sync_folder(const fs::path& folder) {
  if (::access(folder.c_str(), R_OK) != 0 && errno == EACCES) return;  // what cannot be opened cannot be synced
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REVUNET_EXPECTS(descriptor >= 0, DataError,
                  "[{}] expected to open the folder, got: {}; check the folder's permissions", folder.string(),
                  std::strerror(errno));
  const bool synced = ::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP;  // some disks have no such sync
  const int reason = errno;
  ::close(descriptor);
  REVUNET_EXPECTS(synced, DataError, "[{}] expected to sync the folder, got: {}; check the disk", folder.string(),
                  std::strerror(reason));
}

}  // namespace revunet::io
