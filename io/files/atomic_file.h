// These files appear whole or not at all. They are written to a temporary name in the same folder,
// .NAME.tmp-HOST-PID-NUMBER, synced, then renamed.
//
// Non-obvious rule: nothing is visible under the final name until commit() returns. A writer destroyed without commit()
// removes its temporary file and leaves an older file of the final name untouched. The folder must exist. The exception
// is publish(), for a file that grows for long and whose readers can tell from its content whether it is whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace revunet::io {

// Throws DataError where something is at `path` that no file should replace: a device, a pipe, or an open file by its
// number (/dev/stdout).
void expect_replaceable(const std::filesystem::path& path);

// Checks a file that a program is asked to write once its work is done, so that no work is lost to a mistyped folder.
// Throws DataError where its folder does not exist, and as expect_replaceable does. An empty path, of a file that was
// not asked for, is accepted.
void expect_output_folder(const std::filesystem::path& file);

// Streams bytes into a file. A link is followed to its file. The object is not safe to share between threads. Two
// writers of one path do not disturb each other (the later commit wins). Every member that fails throws DataError with
// the path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Appends size bytes. Many small writes are gathered into one.
  void write(const void* bytes, int64_t size);
  void write(std::string_view bytes) { write(bytes.data(), static_cast<int64_t>(bytes.size())); }

  // Shows what is written so far. The first call does so under the final name, as commit() does. What is written later
  // is added to that file, by the next publish() or commit() at the latest. A writer destroyed without commit() leaves
  // the file there.
  void publish();

  // Syncs the file, renames it to the final name and syncs the folder. Call it only once; nothing may be written after
  // it. With `previous`, in the same folder, an older file of the final name is renamed to that first, once this one is
  // on disk: at every moment one of the two is there and whole.
  void commit(const std::filesystem::path& previous = {});

 private:
  void write_through(const char* bytes, size_t size);
  void write_pending();
  void rename_to_final(const std::filesystem::path& previous);

  std::filesystem::path path_;
  std::filesystem::path temporary_path_;
  int descriptor_ = -1;  // -1: closed
  bool published_ = false;
  std::string pending_;  // not written yet
};

// Removes the temporary files of `names`, directly in `folder`, whose writer ran on this host and is gone. Returns how
// many. Call it before this process writes any of them. Files of another host's processes are left alone, because their
// writers may be alive. Throws DataError where the folder cannot be listed.
int64_t remove_leftovers(const std::filesystem::path& folder, std::span<const std::string_view> names);
// Returns the name that a writer's temporary file is to get, such as "a" for ".a.tmp-HOST-PID-0". It is empty for any
// other file.
std::string final_name(const std::filesystem::path& temporary);

// Writes a small file at once.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace revunet::io
