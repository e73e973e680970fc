// Safetensors files hold named tensors with string metadata. Checkpoints and golden data have this format. A file is a
// little-endian u64 header length, a JSON header, then the tensors' raw little-endian bytes.
// Source: https://github.com/huggingface/safetensors, section Format.
//
// Non-obvious rule: shapes and bytes are in the file's order (PyTorch's NCDHW for the golden files), row-major, last
// index fastest; nothing here permutes. Values stay raw bytes until to_f32() or to_f64(). All data is on the host.
// Functions are safe to call from several threads.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/files/host_tensor.h"

namespace revunet::io {

// Counters are integers of one element, such as num_batches_tracked, which PyTorch keeps next to weights. Integers of
// more elements are always refused.
enum class Counters { refused, left_out };

// This holds the contents of a file, in memory. Tensors keep the order of their data in the file, or the order in which
// they were added.
class SafetensorsFile {
 public:
  struct Entry {
    std::string name;
    HostTensor tensor;
  };

  std::map<std::string, std::string> metadata;

  // Throws Error if the name is taken or is "__metadata__", which the format reserves.
  void add(std::string name, HostTensor tensor);

  const std::vector<Entry>& entries() const { return entries_; }
  bool contains(std::string_view name) const { return index_.contains(std::string(name)); }

  // Throws DataError with the file, the name asked for and the names that are there.
  const HostTensor& at(std::string_view name) const;

  // Says where the contents were read from, for messages. It is "safetensors" for contents made in memory.
  const std::string& origin() const { return origin_; }

  // Returns the names of counters that were left out on reading.
  const std::vector<std::string>& counters() const { return counters_; }

  // Returns the same contents, each tensor under the name that `name_of` makes from its own. Throws Error as add does.
  SafetensorsFile renamed(const std::function<std::string(const std::string&)>& name_of) &&;

 private:
  friend SafetensorsFile read_safetensors(const std::filesystem::path& path, Counters counters);

  std::string origin_ = "safetensors";
  std::vector<std::string> counters_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t> index_;  // name to position in entries_
};

// Reads and checks the whole file. Throws DataError, with path, expected, found and remedy, for: a missing or cut file,
// a header length beyond the file or 100 MB, JSON that does not parse, repeats a key or has fields of another type, an
// unsupported dtype, a shape whose product overflows or is not the size of its data, and data that overlaps, leaves
// gaps or stops before the file does.
SafetensorsFile read_safetensors(const std::filesystem::path& path, Counters counters = Counters::refused);

// Writes contents to a temporary name, syncs and renames. An older file of the name is kept as `previous`, where given.
// The same contents give the same bytes. Throws DataError if the file cannot be written.
void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& contents,
                       const std::filesystem::path& previous = {});

}  // namespace revunet::io
