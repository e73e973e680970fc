// A HostTensor is a tensor as a safetensors file holds it: shape, element type and raw bytes, on the host.
//
// Values stay raw bytes until to_f32() or to_f64(). They are row-major, last index fastest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace revunet::io {

// These element types can be read. The format's integer, boolean and 8-bit types are refused. Only f32 and f64 are
// written.
enum class FileDtype { f16, bf16, f32, f64 };

int64_t byte_size(FileDtype dtype);       // bytes per element
std::string_view format_name(FileDtype);  // "F16", "BF16", "F32", "F64"
std::optional<FileDtype> dtype_of_name(std::string_view name);

// Returns the bytes of a tensor, or nothing if a dimension is negative or the product does not fit int64_t.
std::optional<int64_t> checked_bytes(const std::vector<int64_t>& shape, FileDtype dtype);

// This is a tensor as a file holds it. A shape of {} is a scalar; a zero in the shape makes an empty tensor.
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

  // Both return all values in the file's order. to_f32 rounds f64 to nearest, and to infinity beyond float's range. The
  // other conversions are exact.
  std::vector<float> to_f32() const;
  std::vector<double> to_f64() const;

 private:
  FileDtype dtype_ = FileDtype::f32;
  std::vector<int64_t> shape_;
  std::vector<std::byte> bytes_;
};

}  // namespace revunet::io
