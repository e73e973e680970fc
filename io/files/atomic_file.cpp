#include "io/files/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <regex>
#include <utility>

#include "engine/error.h"
#include "engine/process/host_name.h"
#include "io/files/folders.h"

namespace revunet::io {
namespace {

// At most this many leftover temporary files of killed runs with the same process id are skipped.
constexpr int max_name_attempts = 1000;

constexpr size_t longest_name = 255;  // bytes: NAME_MAX of Linux's file systems

constexpr size_t most_pending = size_t{1} << 20;  // bytes: larger writes gain nothing from waiting

[[noreturn]] void fail(const std::filesystem::path& path, const char* action, const char* remedy) {
  const int reason = errno;
  throw DataError(
      fmt::format("[{}] expected to {}, got: {}; {}", path.string(), action, std::strerror(reason), remedy));
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

struct Temporary {
  std::string file, host;  // the name that commit() would give; the machine of the writer
  pid_t process;
};

// Returns what the name says about a writer's temporary file, or nothing for other files.
std::optional<Temporary> temporary_of(const std::filesystem::path& path) {
  static const std::regex pattern("\\.(.+)\\.tmp-(.+)-([0-9]{1,9})-[0-9]+");
  std::smatch match;
  const std::string name = path.filename().string();
  if (!std::regex_match(name, match, pattern)) return std::nullopt;
  return Temporary{match[1], match[2], static_cast<pid_t>(std::stol(match[3]))};
}

// A process of this id cannot belong to another program that wrote files before this one did: it is this one.
bool is_gone(pid_t process) {
  return process == ::getpid() || (::kill(process, 0) != 0 && errno == ESRCH);
}

// Returns ".NAME.tmp-HOST-PID-", with as much of the name as leaves room for a number.
std::string temporary_stem(const std::string& name) {
  const std::string writer = fmt::format(".tmp-{}-{}-", host_name(), ::getpid());
  const size_t room = longest_name - writer.size() - std::to_string(max_name_attempts).size() - 1;
  return '.' + name.substr(0, room) + writer;
}

// Returns whether a path is one of /proc/self/fd, or leads there through links. /dev/stdout always does, whatever it
// has been redirected to.
bool leads_to_open_file(std::filesystem::path path) {
  constexpr int most_links = 40;  // Linux follows as many
  std::error_code error;
  for (int i = 0; i < most_links; ++i) {
    if (std::filesystem::absolute(path, error).lexically_normal().string().starts_with("/proc/")) return true;
    if (!std::filesystem::is_symlink(path, error)) return false;
    path = path.parent_path() / std::filesystem::read_symlink(path, error);
  }
  return false;
}

}  // namespace

std::string final_name(const std::filesystem::path& path) {
  const std::optional<Temporary> temporary = temporary_of(path);
  return temporary ? temporary->file : "";
}

int64_t remove_leftovers(const std::filesystem::path& folder, std::span<const std::string_view> names) {
  int64_t removed = 0;
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const std::filesystem::directory_entry& entry = *at;
    const std::optional<Temporary> temporary = temporary_of(entry.path());
    if (!temporary || std::ranges::find(names, temporary->file) == names.end()) continue;
    const bool left = temporary->host == host_name() && is_gone(temporary->process);
    if (left && ::unlink(entry.path().c_str()) == 0) ++removed;
  }
  REVUNET_EXPECTS(!error, DataError, "[{}] expected to list this folder, got: {}; check its permissions",
                  folder.string(), error.message());
  return removed;
}

void expect_replaceable(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  const bool file_or_none = !std::filesystem::exists(status) || std::filesystem::is_regular_file(status) ||
                            std::filesystem::is_directory(status);
  REVUNET_EXPECTS(file_or_none && !leads_to_open_file(path), DataError,
                  "[{}] expected the name of a file, got a device, pipe or open file, which a new file would replace; "
                  "write to a file and show that",
                  path.string());
}

void expect_output_folder(const std::filesystem::path& file) {
  if (file.empty()) return;
  expect_replaceable(file);
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  REVUNET_EXPECTS(std::filesystem::is_directory(folder), DataError,
                  "[{}] expected a folder to write into, got none at {}; make it first", file.string(),
                  folder.string());
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  expect_replaceable(path_);
  std::error_code error;  // a link stays, and the file it leads to is replaced
  if (std::filesystem::is_symlink(path_, error) && std::filesystem::exists(path_, error)) {
    path_ = std::filesystem::canonical(path_);
  }
  REVUNET_EXPECTS(path_.has_filename(), DataError, "[{}] expected the name of a file, got a folder; add a file name",
                  path_.string());
  const std::string stem = temporary_stem(path_.filename().string());
  for (int attempt = 0; attempt < max_name_attempts && descriptor_ < 0; ++attempt) {
    temporary_path_ = folder_of(path_) / (stem + std::to_string(attempt));
    descriptor_ = ::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) break;
  }
  if (descriptor_ < 0) {
    fail(path_, "create a temporary file next to it", "check that the folder is there and can be written to");
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!published_) ::unlink(temporary_path_.c_str());
}

void AtomicFile::write(const void* bytes, int64_t size) {
  REVUNET_EXPECTS(descriptor_ >= 0, Error, "[{}] expected writes before commit(), got one after it; this is a bug",
                  path_.string());
  const char* first = static_cast<const char*>(bytes);
  const auto count = static_cast<size_t>(size);
  if (pending_.size() + count > most_pending) {
    write_pending();
  }
  if (count > most_pending) {
    write_through(first, count);
  } else {
    pending_.append(first, count);
  }
}

void AtomicFile::write_through(const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor_, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_, "write", "check free space and quota");
    bytes += written;
    size -= static_cast<size_t>(written);
  }
}

void AtomicFile::write_pending() {
  write_through(pending_.data(), pending_.size());
  pending_.clear();
}

void AtomicFile::publish() {
  REVUNET_EXPECTS(descriptor_ >= 0, Error, "[{}] expected publish() before commit(), got it after; this is a bug",
                  path_.string());
  write_pending();
  if (published_) return;
  if (::fsync(descriptor_) != 0) fail(path_, "sync", "check free space and the disk");
  rename_to_final({});
  published_ = true;
}

void AtomicFile::commit(const std::filesystem::path& previous) {
  REVUNET_EXPECTS(descriptor_ >= 0, Error, "[{}] expected one commit(), got a second; this is a bug", path_.string());
  write_pending();
  if (::fsync(descriptor_) != 0) fail(path_, "sync", "check free space and the disk");
  if (!published_) rename_to_final(previous);
  ::close(std::exchange(descriptor_, -1));  // after fsync, close has nothing left that it could fail to write
}

void AtomicFile::rename_to_final(const std::filesystem::path& previous) {
  if (!previous.empty() && ::rename(path_.c_str(), previous.c_str()) != 0 && errno != ENOENT) {
    fail(path_, "rename the older file of this name", "check the folder's permissions");
  }
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    fail(path_, "rename the finished file to this name", "remove what has that name, or choose another");
  }
  sync_folder(folder_of(path_));
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace revunet::io
