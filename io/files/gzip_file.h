// Byte streams of files that may be gzip-compressed: a reader that trusts content, not names, and a writer.
//
// Non-obvious rule: the reader verifies each gzip member's CRC and length, but only when read to its end, so callers
// that want a verified payload must finish with skip_padding().
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "io/files/atomic_file.h"

namespace revunet::io {

// Reads a plain file, or the concatenated members of a gzip file (told apart by the two magic bytes).
// Throws DataError naming the path for a missing, unreadable or damaged file. One thread at a time.
class GzipReader {
 public:
  explicit GzipReader(const std::filesystem::path& path);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Fills destination with the next size bytes; DataError saying what was being read if the stream ends before.
  void read(void* destination, int64_t size, std::string_view what);

  // Reads to the end, up to which zeros may follow, in the stream or after its last gzip member: disks, tapes and some
  // tools pad with them. Returns how many. DataError for other bytes and for a trailer that is not right.
  int64_t skip_padding();

  // An upper bound on the bytes that the whole file can hold once decompressed; exact for a plain file.
  int64_t max_content_size() const;
  bool compressed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Writes a file through AtomicFile, compressed or not. The gzip header carries no name and no time: equal content
// gives equal files.
class GzipWriter {
 public:
  GzipWriter(const std::filesystem::path& path, bool compress);
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void write(const void* bytes, int64_t size);
  void commit();

 private:
  struct Deflate;
  AtomicFile file_;
  std::unique_ptr<Deflate> deflate_;  // null: not compressed
};

}  // namespace revunet::io
