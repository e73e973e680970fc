// Files of kernel choices: which convolution algorithms were the fastest, for each device and version of its libraries.
#pragma once

#include <filesystem>
#include <string>

#include "engine/device.h"

namespace revunet {

// Those of the device and libraries that `key` describes; none where the file is not there or has none for them.
// DataError naming the file for anything but a file that write_algorithm_file wrote.
KernelChoices read_algorithm_file(const std::filesystem::path& path, const std::string& key);

// Adds or replaces those of `key` in the file; what it holds for others stays. Atomic.
void write_algorithm_file(const std::filesystem::path& path, const std::string& key, const KernelChoices& choices);

}  // namespace revunet
