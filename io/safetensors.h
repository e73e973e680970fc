// Safetensors files: named tensors with string metadata, the format of checkpoints and golden data.
// A file is a little-endian u64 header length, a JSON header, then the tensors' raw little-endian bytes.
// Source: https://github.com/huggingface/safetensors, section Format.
//
// Non-obvious rule: shapes and bytes are in the file's order (PyTorch's NCDHW for the golden files), row-major, last
// index fastest; nothing here permutes. Values stay raw bytes until to_f32() or to_f64().
// Host data only. Functions are safe to call from several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace revunet::io {

// The element types read here; the format's integer, boolean and 8-bit types are refused. Written: f32 and f64.
enum class FileDtype { f16, bf16, f32, f64 };

int64_t byte_size(FileDtype dtype);       // bytes an element
std::string_view format_name(FileDtype);  // "F16", "BF16", "F32", "F64"

// A tensor as a file holds it. A shape of {} is a scalar; a zero in the shape makes an empty tensor.
class HostTensor {
 public:
  // Copies values. Throws Error if the shape has a negative entry or its product is not the number of values.
  static HostTensor from_f32(std::vector<int64_t> shape, std::span<const float> values);
  static HostTensor from_f64(std::vector<int64_t> shape, std::span<const double> values);
  static HostTensor from_bytes(FileDtype dtype, std::vector<int64_t> shape, std::vector<std::byte> bytes);

  FileDtype dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t count() const { return static_cast<int64_t>(bytes_.size()) / byte_size(dtype_); }  // elements
  std::span<const std::byte> bytes() const { return bytes_; }

  // All values in the file's order. to_f32 rounds f64 to nearest, and to infinity beyond float's range; the other
  // conversions are exact.
  std::vector<float> to_f32() const;
  std::vector<double> to_f64() const;

 private:
  FileDtype dtype_ = FileDtype::f32;
  std::vector<int64_t> shape_;
  std::vector<std::byte> bytes_;
};

// The contents of a file, in memory. Tensors keep the order of their data in the file, or in which they were added.
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

  // Throws DataError naming the file, the name asked for and the names that are there.
  const HostTensor& at(std::string_view name) const;

  // Where the contents were read from, for messages; "safetensors" for contents made in memory.
  const std::string& origin() const { return origin_; }

 private:
  friend SafetensorsFile read_safetensors(const std::filesystem::path& path);

  std::string origin_ = "safetensors";
  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t> index_;  // name to position in entries_
};

// Reads and checks the whole file. Throws DataError, naming path, expected, found and remedy, for: a missing or cut
// file, a header length beyond the file or 100 MB, JSON that does not parse, repeats a key or has fields of another
// type, an unsupported dtype, a shape whose product overflows or is not the size of its data, data that overlaps,
// leaves gaps or stops before the file does.
SafetensorsFile read_safetensors(const std::filesystem::path& path);

// Writes contents to a temporary name, syncs and renames; an older file of the name is kept as `previous`, where given.
// Same contents, same bytes. Throws DataError if the file cannot be written.
void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& contents,
                       const std::filesystem::path& previous = {});

}  // namespace revunet::io
