#include "tools/train/run_folder.h"

#include "engine/error.h"
#include "io/atomic_file.h"

namespace revunet::tools {

RunFolder::RunFolder(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code error;
  const bool exists = std::filesystem::exists(path_, error);
  REVUNET_EXPECTS(!error, UsageError, "[--out] expected a folder that can be reached, got {}: {}", path_.string(),
                  error.message());
  REVUNET_EXPECTS(!exists || std::filesystem::is_empty(path_, error), UsageError,
                  "[--out] expected a folder to make, got {}, which is not empty; choose another or move it away",
                  path_.string());
  std::filesystem::create_directories(path_, error);
  REVUNET_EXPECTS(!error, UsageError, "[--out] expected a folder that can be made, got {}: {}", path_.string(),
                  error.message());
  log_ = csv_header();
}

RunFolder RunFolder::of_earlier_run(std::filesystem::path path) {
  std::error_code error;
  REVUNET_EXPECTS(
      std::filesystem::exists(path / "config.toml", error) && std::filesystem::exists(path / "split.json", error),
      UsageError, "[--resume] expected the folder of an earlier run, with config.toml and split.json, got {}",
      path.string());
  RunFolder folder;
  folder.path_ = std::move(path);
  return folder;
}

void RunFolder::write(const std::string& name, const std::string& text) const {
  io::write_file_atomically(file(name), text);
}

void RunFolder::append(const EpochRecord& record) {
  log_ += csv_row(record);
  write("log.csv", log_);
}

}  // namespace revunet::tools
