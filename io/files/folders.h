// These functions make folders that survive a power failure.
#pragma once

#include <filesystem>

namespace revunet::io {

// Makes a folder and those above it that are missing, and syncs the ones that they appear in. A folder that exists is
// left as it is. Throws DataError with the folder and the system's reason.
void make_folder(const std::filesystem::path& folder);

// A file or folder that was made in `folder` survives a power failure only once this has returned. It does nothing
// where the folder may not be read, or where its disk has no sync for folders. Throws DataError where the sync fails.
void sync_folder(const std::filesystem::path& folder);

}  // namespace revunet::io
