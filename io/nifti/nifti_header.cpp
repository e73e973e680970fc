#include "io/nifti/nifti_header.h"

#include <nifti2_io.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "io/nifti/nifti_fields.h"
#include "io/nifti/nifti_geometry.h"

namespace revunet::io {
namespace {

constexpr std::string_view pair_magic_1("ni1\0", 4), pair_magic_2("ni2\0\r\n\032\n", 8);

std::string printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += c >= ' ' && c <= '~' ? std::string(1, c) : fmt::format("\\x{:02x}", c & 0xff);
  return text;
}

void judge_magic(const NiftiFields& f, bool version_2, const std::filesystem::path& path) {
  REVUNET_EXPECTS(f.magic != (version_2 ? pair_magic_2 : pair_magic_1), DataError,
                  "[{}] expected a single-file NIfTI image, got the header of a .hdr/.img pair; convert it to .nii.gz",
                  path.string());
  const std::string_view magic = version_2 ? nifti_2_magic : nifti_1_magic;
  REVUNET_EXPECTS(
      f.magic == magic, DataError,
      "[{}] expected the magic '{}', got '{}'; the file is damaged or of another format (ANALYZE files must "
      "be converted to NIfTI)",
      path.string(), printable(magic), printable(f.magic));
}

void judge_dims(const NiftiFields& f, NiftiHeader& header, const std::filesystem::path& path) {
  REVUNET_EXPECTS(f.dim[0] >= 3 && f.dim[0] <= nifti_max_dimensions, DataError,
                  "[{}] expected an image of 3 or 4 dimensions, got dim[0] = {}; check that it is a volume",
                  path.string(), f.dim[0]);
  header.frames = f.dim[0] >= 4 ? f.dim[4] : 1;
  header.voxel_count = 1;
  bool overflow = false;
  for (size_t i = 1; i <= static_cast<size_t>(f.dim[0]); ++i) {
    REVUNET_EXPECTS(f.dim[i] > 0, DataError, "[{}] expected positive dims, got dim[{}] = {}; the header is damaged",
                    path.string(), i, f.dim[i]);
    REVUNET_EXPECTS(i <= 4 || f.dim[i] == 1, DataError,
                    "[{}] expected at most 4 dimensions, got dim[{}] = {}; split the image into volumes", path.string(),
                    i, f.dim[i]);
    overflow |= __builtin_mul_overflow(header.voxel_count, f.dim[i], &header.voxel_count);
  }
  int64_t file_bytes = 0;
  overflow |= __builtin_mul_overflow(header.voxel_count, header.voxel_bytes, &file_bytes);
  overflow |= __builtin_add_overflow(file_bytes, header.payload_offset, &file_bytes);
  REVUNET_EXPECTS(!overflow, DataError,
                  "[{}] expected an image that fits 2^63 bytes, got {} x {} x {} x {} voxels; the header is damaged",
                  path.string(), f.dim[1], f.dim[2], f.dim[3], header.frames);
  std::copy_n(f.dim.begin() + 1, 3, header.grid.size.begin());
}

void judge_datatype(const NiftiFields& f, NiftiHeader& header, const std::filesystem::path& path) {
  header.datatype = f.datatype;
  header.voxel_bytes = nifti_voxel_bytes(f.datatype);
  REVUNET_EXPECTS(
      header.voxel_bytes > 0, DataError,
      "[{}] expected a datatype of 8 to 64-bit integers or of 32 or 64-bit floats, got {} ({}); convert it, "
      "for example to int16",
      path.string(), nifti_datatype_string(f.datatype), f.datatype);
  if (f.bitpix == header.voxel_bytes * 8) return;
  header.length_doubtful = true;
  header.tolerated.push_back(fmt::format("[{}] expected bitpix {} for datatype {}, got {}: the datatype decides",
                                         path.string(), header.voxel_bytes * 8, nifti_datatype_string(f.datatype),
                                         f.bitpix));
}

void judge_offset(const NiftiFields& f, NiftiHeader& header, const std::filesystem::path& path) {
  const auto least = static_cast<int64_t>(header.bytes.size()) + nifti_extension_flag_bytes;
  if (f.vox_offset == 0) {
    header.payload_offset = least;
    header.offset_assumed = header.length_doubtful = true;
    header.tolerated.push_back(
        fmt::format("[{}] expected a vox_offset of at least {}, after the header, got 0: the "
                    "voxels are read from byte {} on",
                    path.string(), least, least));
    return;
  }
  constexpr double most = 0x1p62;  // keeps the conversion defined; a larger one exceeds every file
  const bool whole = f.vox_offset == std::floor(f.vox_offset);
  REVUNET_EXPECTS(whole && f.vox_offset >= static_cast<double>(least) && f.vox_offset <= most, DataError,
                  "[{}] expected a vox_offset of at least {}, after the header, got {}; the header is damaged",
                  path.string(), least, f.vox_offset);
  header.payload_offset = static_cast<int64_t>(f.vox_offset);
}

void judge_scaling(const NiftiFields& f, NiftiHeader& header, const std::filesystem::path& path) {
  if (f.slope == 0 || std::isnan(f.slope)) return;  // the standard's way to say "no scaling"
  REVUNET_EXPECTS(std::isfinite(f.slope) && std::isfinite(f.intercept), DataError,
                  "[{}] expected finite scl_slope and scl_inter, got {} and {}; the header is damaged", path.string(),
                  f.slope, f.intercept);
  header.slope = f.slope;
  header.intercept = f.intercept;
}

}  // namespace

double scaling_error_of(const NiftiHeader& header) {
  constexpr double of_floats = 1e-3;
  constexpr double rounding = 0x1p-22, most_label = 255;  // rounding: relative, of float slopes, intercepts and voxels
  if (header.datatype == NIFTI_TYPE_FLOAT32 || header.datatype == NIFTI_TYPE_FLOAT64) return of_floats;
  const double step = std::abs(header.slope);
  const double half = step < 1 ? step / 2 : 0;
  constexpr double most = 0.125;  // a larger slope is more likely damaged than a writer's, which has 255 steps
  return std::min(half + rounding * (most_label + std::abs(header.intercept)), most);
}

int64_t nifti_voxel_bytes(int datatype) {
  switch (datatype) {
    case NIFTI_TYPE_UINT8:
    case NIFTI_TYPE_INT8:
      return 1;
    case NIFTI_TYPE_INT16:
    case NIFTI_TYPE_UINT16:
      return 2;
    case NIFTI_TYPE_INT32:
    case NIFTI_TYPE_UINT32:
    case NIFTI_TYPE_FLOAT32:
      return 4;
    case NIFTI_TYPE_INT64:
    case NIFTI_TYPE_UINT64:
    case NIFTI_TYPE_FLOAT64:
      return 8;
    default:
      return 0;
  }
}

int64_t nifti_header_size(std::span<const char> first_bytes, const std::filesystem::path& path) {
  int32_t size = 0;
  std::memcpy(&size, first_bytes.data(), sizeof size);
  for (const int64_t known : {nifti_1_header_bytes, nifti_2_header_bytes}) {
    const auto native = static_cast<uint32_t>(known);
    if (static_cast<uint32_t>(size) == native || static_cast<uint32_t>(size) == __builtin_bswap32(native)) return known;
  }
  throw DataError(
      fmt::format("[{}] expected sizeof_hdr 348 (NIfTI-1) or 540 (NIfTI-2) in either byte order, got {}; the "
                  "file is damaged or no NIfTI image",
                  path.string(), size));
}

NiftiHeader parse_nifti_header(std::vector<char> bytes, const std::filesystem::path& path) {
  const int64_t size = nifti_header_size(bytes, path);
  REVUNET_EXPECTS(static_cast<int64_t>(bytes.size()) == size, Error,
                  "[{}] expected {} header bytes, got {}; this is a bug", path.string(), size, bytes.size());
  const bool version_2 = size == nifti_2_header_bytes;
  NiftiHeader header;
  int32_t first = 0;
  std::memcpy(&first, bytes.data(), sizeof first);
  header.swapped = first != size;
  if (header.swapped) swap_nifti_header(bytes.data(), version_2 ? 2 : 1);
  header.bytes = std::move(bytes);
  const NiftiFields f = nifti_fields(header.bytes);
  judge_magic(f, version_2, path);
  judge_datatype(f, header, path);
  judge_offset(f, header, path);
  judge_dims(f, header, path);
  judge_scaling(f, header, path);
  judge_nifti_geometry(f, header.grid, header.tolerated, path);
  return header;
}

}  // namespace revunet::io
