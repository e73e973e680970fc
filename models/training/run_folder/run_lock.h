// A RunLock allows one process per run folder. It is a lock on the folder's file run.lock, whose text says who holds
// it.
//
// Rule: the lock is the kernel's, so it ends with its process, however that ends, and a network disk keeps it for all
// machines. The file stays. It is empty while nobody holds it, unless its last holder was killed.
#pragma once

#include <filesystem>
#include <string>

namespace revunet {

inline constexpr const char* kLockFile = "run.lock";

class RunLock {
 public:
  // Throws UsageError with the holder's process and host and `option`, where another process holds it. Throws DataError
  // where the file cannot be made or written.
  RunLock(const std::filesystem::path& folder, const std::string& option);
  ~RunLock();
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;

  // Throws the same error where another process holds the lock. It makes no file and takes no lock.
  static void expect_free(const std::filesystem::path& folder, const std::string& option);

  // Returns why there is no lock, where the disk has none, and otherwise an empty text.
  const std::string& warning() const { return warning_; }

 private:
  int descriptor_ = -1;
  std::string warning_;
};

}  // namespace revunet
