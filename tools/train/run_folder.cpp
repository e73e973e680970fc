#include "tools/train/run_folder.h"

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/folders.h"

namespace revunet::tools {

namespace {

// What a run leaves that was killed before its config.toml was there is no run yet.
bool holds_no_run(const std::filesystem::path& folder) {
  io::remove_leftovers(folder);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const bool from_start = entry.path().filename() == "train.log" || entry.path().filename() == "split.json";
    if (!from_start && !io::is_temporary(entry.path())) return false;
  }
  return true;
}

}  // namespace

void RunFolder::expect_new(const std::filesystem::path& path) {
  std::error_code error;
  const bool exists = std::filesystem::exists(path, error);
  REVUNET_EXPECTS(!error, UsageError, "[--out] expected a folder that can be reached, got {}: {}", path.string(),
                  error.message());
  REVUNET_EXPECTS(!exists || (std::filesystem::is_directory(path) && holds_no_run(path)), UsageError,
                  "[--out] expected a folder to make, got {}, which is not empty; choose another or move it away",
                  path.string());
}

RunFolder::RunFolder(std::filesystem::path path) : path_(std::move(path)) {
  expect_new(path_);
  io::make_folder(path_);
  log_ = csv_header();
}

RunFolder RunFolder::of_earlier_run(std::filesystem::path path) {
  std::error_code error;
  REVUNET_EXPECTS(
      std::filesystem::exists(path / "config.toml", error) && std::filesystem::exists(path / "split.json", error),
      UsageError, "[--resume] expected the folder of an earlier run, with config.toml and split.json, got {}",
      path.string());
  io::remove_leftovers(path);
  RunFolder folder;
  folder.path_ = std::move(path);
  folder.log_ = csv_header();
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
