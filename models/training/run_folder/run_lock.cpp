#include "models/training/run_folder/run_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "engine/process/host_name.h"

namespace revunet {

namespace {

constexpr int kReads = 50;  // reads of the holder's text, which it writes after it locks
constexpr auto kBetweenReads = std::chrono::milliseconds(10);

// Locks the whole file.
struct flock write_lock() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Returns what the holder wrote: "process 1234 on host".
std::string read_holder(int descriptor) {
  for (int i = 0; i < kReads; ++i) {
    std::array<char, 512> text{};
    const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
    const std::string_view line(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
    if (line.ends_with('\n')) return std::string(line.substr(0, line.find('\n')));
    std::this_thread::sleep_for(kBetweenReads);
  }
  return "another process";
}

[[noreturn]] void refuse(int descriptor, const std::filesystem::path& folder, const std::string& option) {
  throw UsageError(fmt::format(
      "[{}] expected a run folder that no other process writes into, got {}, where {} does; wait for it, or end it",
      option, folder.string(), read_holder(descriptor)));
}

[[noreturn]] void fail(const std::filesystem::path& file, const char* action) {
  const int reason = errno;
  throw DataError(fmt::format("[{}] expected to {}, got: {}; check free space and the folder's permissions",
                              file.string(), action, std::strerror(reason)));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

}  // namespace

RunLock::RunLock(const std::filesystem::path& folder, const std::string& option) {
  const std::filesystem::path file = folder / kLockFile;
  Descriptor opened(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (opened.get() < 0) fail(file, "open the lock of the run");
  struct flock lock = write_lock();
  if (::fcntl(opened.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) refuse(opened.get(), folder, option);
    warning_ = fmt::format(
        "[{}] expected a disk with locks, got: {}; the run goes on without one: see to it that no second process "
        "writes into this folder",
        file.string(), std::strerror(errno));
    return;
  }
  const std::string holder = fmt::format("process {} on {}\n", ::getpid(), host_name());
  if (::ftruncate(opened.get(), 0) != 0 ||
      ::write(opened.get(), holder.data(), holder.size()) != static_cast<ssize_t>(holder.size())) {
    fail(file, "write who holds the lock of the run");
  }
  descriptor_ = opened.release();
}

RunLock::~RunLock() {
  if (descriptor_ < 0) return;
  (void)!::ftruncate(descriptor_, 0);  // a remaining text belongs to a process that is gone, as the lock shows
  ::close(descriptor_);
}

RunLock::RunLock(RunLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), warning_(std::move(other.warning_)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(warning_, other.warning_);
  return *this;
}

void RunLock::expect_free(const std::filesystem::path& folder, const std::string& option) {
  const Descriptor opened(::open((folder / kLockFile).c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.get() < 0) return;  // nobody has held it yet, or the next holder will see the error
  struct flock lock = write_lock();
  if (::fcntl(opened.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) refuse(opened.get(), folder, option);
}

}  // namespace revunet
