#include "models/training/run_folder/run_folder.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "engine/error.h"
#include "io/files/atomic_file.h"
#include "io/files/folders.h"

namespace revunet {

namespace {

namespace fs = std::filesystem;

// A run writes these files directly in its folder, under a temporary name first.
constexpr std::array<std::string_view, 9> kWritten = {
    "best.safetensors", "checkpoint.safetensors", "config.toml", "last.safetensors", "log.csv",
    "memory.svg",       "processes.csv",          "report.html", "split.json"};

// These files exist before config.toml does, with which a run begins.
constexpr std::array<std::string_view, 3> kFromStart = {kLockFile, "split.json", "train.log"};
constexpr std::array<std::string_view, 2> kUnfinishedAtStart = {"config.toml", "split.json"};

template <class Names>
bool holds(const Names& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_from_start(const fs::path& entry) {
  return holds(kFromStart, entry.filename().string()) || holds(kUnfinishedAtStart, io::final_name(entry));
}

bool holds_run(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "config.toml", error) && fs::exists(folder / "split.json", error);
}

void expect_writable(const fs::path& folder, const fs::path& path) {
  REVUNET_EXPECTS(::access(folder.c_str(), W_OK | X_OK) == 0, UsageError,
                  "[`out`] expected a folder to make, got {}: there is no permission to write into {}; choose another",
                  path.string(), folder.string());
}

// Checks that the first existing folder above it can take it.
void expect_place(const fs::path& path) {
  std::error_code error;
  fs::path above = fs::absolute(path, error).parent_path();
  while (above.has_relative_path() && fs::status(above, error).type() == fs::file_type::not_found) {
    above = above.parent_path();
  }
  REVUNET_EXPECTS(fs::is_directory(above, error), UsageError,
                  "[`out`] expected a folder to make, got {}: {} is no folder; choose another", path.string(),
                  above.string());
  expect_writable(above, path);
}

void expect_no_run(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    REVUNET_EXPECTS(is_from_start(entry.path()), UsageError,
                    "[`out`] expected a folder to make, got {}, which is not empty; choose another{}", folder.string(),
                    holds_run(folder) ? fmt::format(", or go on with the run in it: `resume` {}", folder.string())
                                      : std::string(" or move it away"));
  }
  REVUNET_EXPECTS(!error, UsageError, "[`out`] expected a folder that can be read, got {}: {}; choose another",
                  folder.string(), error.message());
}

}  // namespace

void RunFolder::expect_new(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);  // follows a link
  if (status.type() == fs::file_type::not_found) {
    std::error_code none;
    REVUNET_EXPECTS(!fs::is_symlink(fs::symlink_status(path, none)), UsageError,
                    "[`out`] expected a folder to make, got {}, a link to nothing; choose another, or remove it",
                    path.string());
    expect_place(path);
    return;
  }
  REVUNET_EXPECTS(fs::status_known(status), UsageError, "[`out`] expected a folder that can be reached, got {}: {}",
                  path.string(), error.message());
  REVUNET_EXPECTS(fs::is_directory(status), UsageError,
                  "[`out`] expected a folder to make, got {}, which is a file; choose another", path.string());
  RunLock::expect_free(path, "`out`");
  expect_no_run(path);
  expect_writable(path, path);
}

RunFolder::RunFolder(fs::path path, RunLock lock) : path_(std::move(path)), lock_(std::move(lock)) {
  io::remove_leftovers(path_, kWritten);
}

RunFolder RunFolder::make(fs::path path) {
  expect_new(path);
  io::make_folder(path);
  RunLock lock(path, "`out`");
  expect_no_run(path);  // another process may have been faster
  return {std::move(path), std::move(lock)};
}

RunFolder RunFolder::of_earlier_run(fs::path path) {
  REVUNET_EXPECTS(holds_run(path), UsageError,
                  "[`resume`] expected the folder of an earlier run, with config.toml and split.json, got {}",
                  path.string());
  RunLock lock(path, "`resume`");
  return {std::move(path), std::move(lock)};
}

void RunFolder::write(const std::string& name, const std::string& text) const {
  io::write_file_atomically(file(name), text);
}

void RunFolder::append(const EpochRecord& record) {
  log_ += csv_row(record);
  write("log.csv", log_);
}

}  // namespace revunet
