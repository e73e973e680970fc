#include "io/files/host_tensor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/ranges.h>

#include "engine/error.h"

namespace revunet::io {
namespace {

struct DtypeRow {
  FileDtype dtype;
  std::string_view name;
  int64_t bytes;
};
constexpr std::array<DtypeRow, 4> dtype_rows = {
    {{FileDtype::f16, "F16", 2}, {FileDtype::bf16, "BF16", 2}, {FileDtype::f32, "F32", 4}, {FileDtype::f64, "F64", 8}}};

const DtypeRow& row_of(FileDtype dtype) {
  return *std::find_if(dtype_rows.begin(), dtype_rows.end(), [&](const DtypeRow& row) { return row.dtype == dtype; });
}

float half_to_float(uint16_t bits) {
  constexpr int mantissa_bits = 10, exponent_bias = 15, exponent_of_infinity = 31;
  const int exponent = (bits >> mantissa_bits) & exponent_of_infinity;
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  float magnitude;
  if (exponent == exponent_of_infinity) {
    magnitude = mantissa == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {  // subnormal: it has no implicit leading one
    magnitude = std::ldexp(static_cast<float>(mantissa), 1 - exponent_bias - mantissa_bits);
  } else {
    magnitude =
        std::ldexp(static_cast<float>(mantissa + (1 << mantissa_bits)), exponent - exponent_bias - mantissa_bits);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

float bfloat16_to_float(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

template <typename Stored, typename Target, typename Decode>
std::vector<Target> decode_all(std::span<const std::byte> bytes, Decode decode) {
  std::vector<Target> values(bytes.size() / sizeof(Stored));
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<Target>(decode(stored));
  }
  return values;
}

template <typename Target>
std::vector<Target> decode_as(FileDtype dtype, std::span<const std::byte> bytes) {
  switch (dtype) {
    case FileDtype::f16:
      return decode_all<uint16_t, Target>(bytes, half_to_float);
    case FileDtype::bf16:
      return decode_all<uint16_t, Target>(bytes, bfloat16_to_float);
    case FileDtype::f32:
      return decode_all<float, Target>(bytes, [](float value) { return value; });
    case FileDtype::f64:
      return decode_all<double, Target>(bytes, [](double value) { return value; });
  }
  throw Error(fmt::format("[HostTensor] expected a dtype of FileDtype, got {}", static_cast<int>(dtype)));
}

template <typename T>
HostTensor from_values(FileDtype dtype, std::vector<int64_t> shape, std::span<const T> values) {
  const auto raw = std::as_bytes(values);
  return HostTensor::from_bytes(dtype, std::move(shape), {raw.begin(), raw.end()});
}

}  // namespace

int64_t byte_size(FileDtype dtype) {
  return row_of(dtype).bytes;
}
std::string_view format_name(FileDtype dtype) {
  return row_of(dtype).name;
}

std::optional<FileDtype> dtype_of_name(std::string_view name) {
  for (const DtypeRow& row : dtype_rows) {
    if (name == row.name) return row.dtype;
  }
  return std::nullopt;
}

std::optional<int64_t> checked_bytes(const std::vector<int64_t>& shape, FileDtype dtype) {
  int64_t product = byte_size(dtype);
  if (std::any_of(shape.begin(), shape.end(), [](int64_t extent) { return extent < 0; })) return std::nullopt;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  for (const int64_t extent : shape) {
    if (__builtin_mul_overflow(product, extent, &product)) return std::nullopt;
  }
  return product;
}

HostTensor HostTensor::from_bytes(FileDtype dtype, std::vector<int64_t> shape, std::vector<std::byte> bytes) {
  const std::optional<int64_t> expected = checked_bytes(shape, dtype);
  REVUNET_EXPECTS(
      expected.has_value() && *expected == static_cast<int64_t>(bytes.size()), Error,
      "[HostTensor] expected as many values as shape [{}] holds, got {} bytes of {}; pass the values of the "
      "whole tensor",
      fmt::join(shape, ", "), bytes.size(), format_name(dtype));
  HostTensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  tensor.bytes_ = std::move(bytes);
  return tensor;
}

HostTensor HostTensor::from_f32(std::vector<int64_t> shape, std::span<const float> values) {
  return from_values(FileDtype::f32, std::move(shape), values);
}

HostTensor HostTensor::from_f64(std::vector<int64_t> shape, std::span<const double> values) {
  return from_values(FileDtype::f64, std::move(shape), values);
}

std::vector<float> HostTensor::to_f32() const {
  return decode_as<float>(dtype_, bytes_);
}
std::vector<double> HostTensor::to_f64() const {
  return decode_as<double>(dtype_, bytes_);
}

}  // namespace revunet::io
