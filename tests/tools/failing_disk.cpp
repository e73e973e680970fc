// This is a library to preload. Among the program's calls that make, write, sync or rename files, it makes one fail:
// the FAILING_DISK_AT-th, counted from 1. At the end it writes a line for each call into the file FAILING_DISK_CALLS,
// in order: "mkdir FOLDER", "create FILE", "write FILE", "sync FILE-OR-FOLDER", "rename FILE TO-FILE". Streams make
// their calls within the C library, where they cannot be caught: for train.log and events for TensorBoard, only the
// latter's write counts.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

namespace {

struct Calls {
  std::mutex mutex;
  long count = 0;
  std::string lines;

  ~Calls() {
    const char* path = std::getenv("FAILING_DISK_CALLS");
    std::FILE* file = path ? std::fopen(path, "w") : nullptr;
    if (!file) return;
    std::fwrite(lines.data(), 1, lines.size(), file);
    std::fclose(file);
  }
} calls;

// Counts the call. Returns whether it is the one that fails.
bool fails(const std::string& call) {
  const std::lock_guard lock(calls.mutex);
  calls.lines += call + '\n';
  const char* at = std::getenv("FAILING_DISK_AT");
  return ++calls.count == (at ? std::atol(at) : 0);
}

// Returns false for the terminal, a pipe, and where the program's output goes.
bool is_file(int descriptor) {
  struct stat status {};
  return descriptor > 2 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

std::string path_of(int descriptor) {
  std::array<char, 4096> path{};
  const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), path.data(), path.size());
  return {path.data(), size > 0 ? static_cast<size_t>(size) : 0};
}

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if ((flags & O_CREAT) != 0 && fails("create " + std::string(path))) return errno = ENOSPC, -1;
  return real(path, flags, mode);
}

int mkdir(const char* path, mode_t mode) {
  static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
  if (fails("mkdir " + std::string(path))) return errno = EROFS, -1;
  return real(path, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  if (is_file(descriptor) && fails("write " + path_of(descriptor))) return errno = ENOSPC, -1;
  return real(descriptor, bytes, count);
}

int fsync(int descriptor) {
  static const auto real = next<int (*)(int)>("fsync");
  if (fails("sync " + path_of(descriptor))) return errno = EIO, -1;
  return real(descriptor);
}

int rename(const char* from, const char* to) {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  if (fails("rename " + std::string(from) + ' ' + to)) return errno = EIO, -1;
  return real(from, to);
}
}
