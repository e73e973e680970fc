// Files of kernel choices keep which convolution algorithms were the fastest, for each device and version of its
// libraries.
#pragma once

#include <filesystem>
#include <string>

#include "engine/device.h"

namespace revunet {

// Returns the choices for the device and libraries that `key` describes, or none where the file is missing or has none
// for them. Throws DataError with the file's name unless write_algorithm_file wrote the file.
KernelChoices read_algorithm_file(const std::filesystem::path& path, const std::string& key);

// Adds or replaces the choices of `key` in the file. What it holds for other keys stays. The write is atomic.
void write_algorithm_file(const std::filesystem::path& path, const std::string& key, const KernelChoices& choices);

}  // namespace revunet
