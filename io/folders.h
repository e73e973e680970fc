// Folders that survive a power failure.
#pragma once

#include <filesystem>

namespace revunet::io {

// Makes a folder and those above it that are missing, and syncs the ones that they appear in, as far as they may be
// read; one that is there is left as it is. DataError with the folder and the system's reason.
void make_folder(const std::filesystem::path& folder);

// A file or folder that was made in `folder` survives a power failure only once this has returned. DataError.
void sync_folder(const std::filesystem::path& folder);

}  // namespace revunet::io
