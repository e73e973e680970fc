// SHA-256 of files, as the command sha256sum prints it.
#pragma once

#include <filesystem>
#include <string>

namespace revunet::io {

// The SHA-256 of the file's bytes, 64 hexadecimal digits. DataError where it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace revunet::io
