// Folders that survive a power failure.
#pragma once

#include <filesystem>

namespace revunet::io {

// Makes a folder and those above it that are missing, and syncs the ones that they appear in; one that is there is left
// as it is. DataError with the folder and the system's reason.
void make_folder(const std::filesystem::path& folder);

// A file or folder that was made in `folder` survives a power failure only once this has returned. Nothing is done
// where the folder may not be read, or where its disk has no sync for folders. DataError where the sync fails.
void sync_folder(const std::filesystem::path& folder);

}  // namespace revunet::io
