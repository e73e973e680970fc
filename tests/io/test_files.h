// This file makes files for the tests of io: a temporary folder, gzip through zlib, and NIfTI images built byte by
// byte.
//
// Non-obvious rule: headers are laid out by the offsets of the two standards, not through nifticlib's structs, so that
// the tests do not share a mistake with the code.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.h"

namespace revunet::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "revunet-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = std::filesystem::canonical(name);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  REQUIRE(file.good());
  return path;
}

// Writes a file, and makes the folder that it lies in.
inline std::filesystem::path make_file(const std::filesystem::path& path, std::string_view bytes = "") {
  std::filesystem::create_directories(path.parent_path());
  return write_bytes(path, bytes);
}

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Returns one gzip member. Level 0 stores the bytes as they are.
inline std::string gzip(std::string_view bytes, int level = 6) {
  std::string result(bytes.size() + 1024, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

// Returns what f throws as an Exception. Fails the test if f throws nothing or something else.
template <typename Exception, typename Function>
std::string message_of(Function&& f) {
  try {
    f();
  } catch (const Exception& e) {
    return e.what();
  }
  FAIL("expected an exception of another type than none");
  return {};
}

// Returns the bytes of a value in the byte order asked for. The tests run on little-endian machines.
template <typename T>
std::string bytes_of(T value, bool big_endian) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  if (big_endian) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

// Builds a NIfTI image: the header of a 4 x 3 x 2 int16 image, to be altered field by field.
struct NiftiBytes {
  bool version_2 = false;
  bool big_endian = false;
  std::string header;
  std::string voxels;

  explicit NiftiBytes(bool version_2_ = false, bool big_endian_ = false)
      : version_2(version_2_), big_endian(big_endian_) {
    header.assign(version_2 ? 544 : 352, '\0');
    put<int32_t>(0, version_2 ? 540 : 348);
    if (version_2) {
      header.replace(4, 8, std::string_view("n+2\0\r\n\x1a\n", 8));
      put<int64_t>(168, 544);
      put<int32_t>(500, 2);  // xyzt_units: mm
    } else {
      header.replace(344, 4, std::string_view("n+1\0", 4));
      put<float>(108, 352.0f);
      put<char>(123, 2);
    }
    dims({4, 3, 2});
    datatype(4, 16);
    for (int axis = 1; axis <= 3; ++axis) pixdim(axis, 1.0);
  }

  template <typename T>
  void put(size_t offset, T value) {
    header.replace(offset, sizeof value, bytes_of(value, big_endian));
  }
  // The two versions keep a field at different places and in different types.
  template <typename Type1, typename Type2, typename Value>
  void field(size_t offset_1, size_t offset_2, Value value) {
    if (version_2) {
      put(offset_2, static_cast<Type2>(value));
    } else {
      put(offset_1, static_cast<Type1>(value));
    }
  }

  void dims(const std::vector<int64_t>& extents) {
    field<int16_t, int64_t>(40, 16, extents.size());
    for (size_t i = 0; i < extents.size(); ++i) field<int16_t, int64_t>(42 + 2 * i, 24 + 8 * i, extents[i]);
  }
  void datatype(int code, int bits) {
    field<int16_t, int16_t>(70, 12, code);
    field<int16_t, int16_t>(72, 14, bits);
  }
  void pixdim(int i, double value) {
    field<float, double>(76 + 4 * static_cast<size_t>(i), 104 + 8 * static_cast<size_t>(i), value);
  }
  void vox_offset(int64_t value) { field<float, int64_t>(108, 168, value); }
  void scaling(double slope, double intercept) {
    field<float, double>(112, 176, slope);
    field<float, double>(116, 184, intercept);
  }
  void srow(const std::vector<double>& twelve) {
    field<int16_t, int32_t>(254, 348, 1);
    for (size_t i = 0; i < twelve.size(); ++i) field<float, double>(280 + 4 * i, 400 + 8 * i, twelve[i]);
  }
  void qform(double b, double c, double d, double x, double y, double z) {
    field<int16_t, int32_t>(252, 344, 1);
    const double values[] = {b, c, d, x, y, z};
    for (size_t i = 0; i < 6; ++i) field<float, double>(256 + 4 * i, 352 + 8 * i, values[i]);
  }
  template <typename T>
  void fill(const std::vector<T>& values) {
    voxels.clear();
    for (const T value : values) voxels += bytes_of(value, big_endian);
  }
  std::string bytes() const { return header + voxels; }
};

// These are 4 x 3 x 2 different int16 values, some negative, both bytes used.
inline const std::vector<int16_t> ramp = [] {
  std::vector<int16_t> values(24);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int16_t>(static_cast<int>(i) * 1300 - 12000);
  return values;
}();

inline NiftiBytes ramp_image(bool version_2 = false, bool big_endian = false) {
  NiftiBytes image(version_2, big_endian);
  image.fill(ramp);
  return image;
}
inline const std::vector<float> ramp_floats(ramp.begin(), ramp.end());

}  // namespace revunet::test
