// This file computes the SHA-256 of files, as the command sha256sum prints it.
#pragma once

#include <filesystem>
#include <string>

namespace revunet::io {

// Returns the SHA-256 of the file's bytes, as 64 hexadecimal digits. Throws DataError where the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace revunet::io
