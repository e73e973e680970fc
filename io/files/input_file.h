// This is the one way to open a file for reading.
//
// Rule: only regular files are read, however they are named or linked to. A pipe would hang a tool, and a device such
// as /dev/zero would fill its memory. A text that is read whole has a bound on its size for the same reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace revunet::io {

constexpr int64_t max_text_bytes = int64_t{16} << 20;  // for configurations, JSON and tables; far beyond any of ours

// Throws DataError with the path for a missing or unreadable file, and for what is no regular file.
void expect_regular_file(const std::filesystem::path& path);

// Every member that fails throws DataError with the path. Only one thread may use it at a time.
class InputFile {
 public:
  // Throws DataError as expect_regular_file does.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int64_t size() const { return size_; }  // when it was opened
  int descriptor() const { return descriptor_; }

  // Reads the next `size` bytes, fewer only at the end of the file, and returns how many there were.
  int64_t read(void* destination, int64_t size);
  // Makes the next read begin at this byte of the file.
  void seek(int64_t offset);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  int64_t size_ = 0;
};

// Returns the whole file. Also throws DataError for more than `most` bytes.
std::string read_whole_file(const std::filesystem::path& path, int64_t most = max_text_bytes);

// Reads a file of any size line by line. Throws DataError as InputFile does, and for a line of more than
// max_text_bytes.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& path) : path_(path), file_(path) {}

  // Reads the next line, without its line break. Returns false at the end of the file.
  bool next(std::string& line);
  // Returns whether the last line ended with the file, not with a line break.
  bool cut() const { return cut_; }

 private:
  bool refill();

  std::filesystem::path path_;
  InputFile file_;
  std::string chunk_;
  size_t used_ = 0;  // bytes of the chunk that were read
  bool cut_ = false;
};

}  // namespace revunet::io
