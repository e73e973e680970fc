// This file checks files that a tool is asked to write once its work is done.
#pragma once

#include <filesystem>

#include "engine/error.h"
#include "io/files/atomic_file.h"

namespace revunet::tools {

// Called before anything is computed, so that no work is lost to a mistyped folder. Throws DataError where the file's
// folder does not exist, and as io::expect_replaceable does. An empty path belongs to an option that was not given, and
// is accepted.
inline void expect_output_folder(const std::filesystem::path& file) {
  if (file.empty()) return;
  io::expect_replaceable(file);
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  REVUNET_EXPECTS(std::filesystem::is_directory(folder), DataError,
                  "[{}] expected a folder to write into, got none at {}; make it first", file.string(),
                  folder.string());
}

}  // namespace revunet::tools
