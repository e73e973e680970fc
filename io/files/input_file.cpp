#include "io/files/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/error.h"

namespace revunet::io {
namespace {

constexpr size_t read_size = 64 * 1024;  // bytes read at a time

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Opens a file without waiting for the other end of a pipe.
int open_regular(const std::filesystem::path& path, struct stat& status) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  } while (descriptor < 0 && errno == EINTR);
  REVUNET_EXPECTS(descriptor >= 0, DataError,
                  "[{}] expected a file that can be read, got: {}; check the path and its permissions", path.string(),
                  std::strerror(errno));
  const bool known = ::fstat(descriptor, &status) == 0;
  const int reason = errno;
  if (!known || !S_ISREG(status.st_mode)) ::close(descriptor);
  REVUNET_EXPECTS(known, DataError, "[{}] expected a file that can be read, got: {}; check the disk", path.string(),
                  std::strerror(reason));
  REVUNET_EXPECTS(S_ISREG(status.st_mode), DataError, "[{}] expected a file, got {}; check the path", path.string(),
                  kind_of(status.st_mode));
  return descriptor;
}

}  // namespace

void expect_regular_file(const std::filesystem::path& path) {
  InputFile file(path);
}

InputFile::InputFile(const std::filesystem::path& path) : path_(path) {
  struct stat status {};
  descriptor_ = open_regular(path, status);
  size_ = static_cast<int64_t>(status.st_size);
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

int64_t InputFile::read(void* destination, int64_t size) {
  int64_t done = 0;
  while (done < size) {
    const ssize_t count = ::read(descriptor_, static_cast<char*>(destination) + done, static_cast<size_t>(size - done));
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    REVUNET_EXPECTS(count > 0, DataError, "[{}] expected a file that can be read, got: {}; check the disk",
                    path_.string(), std::strerror(errno));
    done += count;
  }
  return done;
}

void InputFile::seek(int64_t offset) {
  REVUNET_EXPECTS(::lseek(descriptor_, offset, SEEK_SET) == offset, DataError,
                  "[{}] expected a file that can be read from byte {}, got: {}; check the disk", path_.string(), offset,
                  std::strerror(errno));
}

std::string read_whole_file(const std::filesystem::path& path, int64_t most) {
  InputFile file(path);
  std::string text;
  int64_t count = 0;
  do {
    const size_t known = text.size();
    text.resize(known + read_size);
    count = file.read(text.data() + known, read_size);
    text.resize(known + static_cast<size_t>(count));
    REVUNET_EXPECTS(static_cast<int64_t>(text.size()) <= most, DataError,
                    "[{}] expected at most {} bytes, got {} or more; check that it is the right file", path.string(),
                    most, std::max(file.size(), static_cast<int64_t>(text.size())));
  } while (count == static_cast<int64_t>(read_size));
  return text;
}

bool LineReader::refill() {
  chunk_.resize(read_size);
  chunk_.resize(static_cast<size_t>(file_.read(chunk_.data(), read_size)));
  used_ = 0;
  return !chunk_.empty();
}

bool LineReader::next(std::string& line) {
  line.clear();
  while (used_ < chunk_.size() || refill()) {
    const size_t end = std::min(chunk_.find('\n', used_), chunk_.size());
    line.append(chunk_, used_, end - used_);
    REVUNET_EXPECTS(static_cast<int64_t>(line.size()) <= max_text_bytes, DataError,
                    "[{}] expected lines of at most {} bytes, got a longer one; check that it is the right file",
                    path_.string(), max_text_bytes);
    used_ = std::min(end + 1, chunk_.size());
    if (end < chunk_.size()) return true;
  }
  cut_ |= !line.empty();
  return !line.empty();
}

}  // namespace revunet::io
