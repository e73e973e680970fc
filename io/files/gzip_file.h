// These are byte streams of files that may be gzip-compressed: a reader that trusts content, not names, and a writer.
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

class Sha256;

// Reads a plain file, or the concatenated members of a gzip file. The two magic bytes tell them apart. Throws DataError
// with the path for a missing, unreadable or damaged file. Only one thread may use it at a time.
class GzipReader {
 public:
  // Adds the bytes of the file to `sum`, where there is one, as they are on disk and as they are read. `sum`
  // has all of them after skip_padding(), and outlives this object.
  explicit GzipReader(const std::filesystem::path& path, Sha256* sum = nullptr);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Fills destination with the next size bytes. If the stream ends before, throws DataError that says what was being
  // read.
  void read(void* destination, int64_t size, std::string_view what);

  // Reads to the end. Zeros may lie before it, in the stream or after its last gzip member, because disks, tapes and
  // some tools pad with them. Returns how many there were. Throws DataError for other bytes and for a wrong trailer.
  int64_t skip_padding();

  // Returns an upper bound on the decompressed bytes of the whole file. It is exact for a plain file.
  int64_t max_content_size() const;
  bool compressed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Writes a file through AtomicFile, compressed or not. The gzip header carries no name and no time: equal content gives
// equal files.
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
