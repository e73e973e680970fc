#include "io/nifti/nifti_header.h"

#include <nifti2_io.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <Eigen/LU>

#include "engine/error.h"

namespace revunet::io {
namespace {

constexpr int64_t header_1_bytes = sizeof(nifti_1_header);
constexpr int64_t header_2_bytes = sizeof(nifti_2_header);
static_assert(header_1_bytes == 348 && header_2_bytes == 540, "the sizes that the two standards fix");
constexpr int64_t extension_flag_bytes = 4;  // between header and voxels of every single-file image
constexpr int max_dimensions = 7;
constexpr int spatial_unit_mask = 0x07;     // of xyzt_units; the other bits are the unit of time
constexpr double spacing_tolerance = 1e-3;  // relative: rounded headers of one image differ by less
constexpr double flat_volume = 1e-4;        // of unit vectors along the axes: in one plane, but for rounding to float
constexpr std::string_view magic_1("n+1\0", 4), magic_2("n+2\0\r\n\032\n", 8);
constexpr std::string_view pair_magic_1("ni1\0", 4), pair_magic_2("ni2\0\r\n\032\n", 8);

std::string printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += c >= ' ' && c <= '~' ? std::string(1, c) : fmt::format("\\x{:02x}", c & 0xff);
  return text;
}

// What both standards have in common, in the wider of their types.
struct Fields {
  std::string magic;
  std::array<int64_t, 8> dim{};
  std::array<double, 8> pixdim{};
  std::array<double, 3> spacing{};  // pixdim 1 to 3 without their signs, which say nothing
  int datatype = 0, bitpix = 0, qform_code = 0, sform_code = 0, units = 0;
  double vox_offset = 0;
  double slope = 0, intercept = 0;
  std::array<double, 3> quatern{}, qoffset{};
  std::array<std::array<double, 4>, 3> srow{};
};

// Element by element: nifti_2_header is packed, so no reference to a member may be formed.
template <typename Header>
Fields fields_of(const std::vector<char>& bytes) {
  Header h;
  std::memcpy(&h, bytes.data(), sizeof h);
  Fields f;
  f.magic.assign(h.magic, sizeof h.magic);
  for (size_t i = 0; i < f.dim.size(); ++i) f.dim[i] = h.dim[i], f.pixdim[i] = h.pixdim[i];
  for (size_t i = 0; i < f.spacing.size(); ++i) f.spacing[i] = std::abs(f.pixdim[i + 1]);
  f.datatype = h.datatype, f.bitpix = h.bitpix, f.units = h.xyzt_units;
  f.qform_code = h.qform_code, f.sform_code = h.sform_code;
  f.vox_offset = static_cast<double>(h.vox_offset);
  f.slope = h.scl_slope, f.intercept = h.scl_inter;
  f.quatern = {h.quatern_b, h.quatern_c, h.quatern_d};
  f.qoffset = {h.qoffset_x, h.qoffset_y, h.qoffset_z};
  for (size_t i = 0; i < 4; ++i) f.srow[0][i] = h.srow_x[i], f.srow[1][i] = h.srow_y[i], f.srow[2][i] = h.srow_z[i];
  return f;
}

void judge_magic(const Fields& f, bool version_2, const std::filesystem::path& path) {
  REVUNET_EXPECTS(f.magic != (version_2 ? pair_magic_2 : pair_magic_1), DataError,
                  "[{}] expected a single-file NIfTI image, got the header of a .hdr/.img pair; convert it to .nii.gz",
                  path.string());
  const std::string_view magic = version_2 ? magic_2 : magic_1;
  REVUNET_EXPECTS(
      f.magic == magic, DataError,
      "[{}] expected the magic '{}', got '{}'; the file is damaged or of another format (ANALYZE files must "
      "be converted to NIfTI)",
      path.string(), printable(magic), printable(f.magic));
}

void judge_dims(const Fields& f, NiftiHeader& header, const std::filesystem::path& path) {
  REVUNET_EXPECTS(f.dim[0] >= 3 && f.dim[0] <= max_dimensions, DataError,
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

void judge_datatype(const Fields& f, NiftiHeader& header, const std::filesystem::path& path) {
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

void judge_offset(const Fields& f, NiftiHeader& header, const std::filesystem::path& path) {
  const auto least = static_cast<int64_t>(header.bytes.size()) + extension_flag_bytes;
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

void judge_scaling(const Fields& f, NiftiHeader& header, const std::filesystem::path& path) {
  if (f.slope == 0 || std::isnan(f.slope)) return;  // the standard's way to say "no scaling"
  REVUNET_EXPECTS(std::isfinite(f.slope) && std::isfinite(f.intercept), DataError,
                  "[{}] expected finite scl_slope and scl_inter, got {} and {}; the header is damaged", path.string(),
                  f.slope, f.intercept);
  header.slope = f.slope;
  header.intercept = f.intercept;
}

// Methods 3, 2 and 1 of nifti1.h, in this order.
Eigen::Matrix4d affine_of(const Fields& f) {
  Eigen::Matrix4d affine = Eigen::Matrix4d::Identity();
  if (f.sform_code > 0) {
    for (int row = 0; row < 3; ++row) {
      for (int column = 0; column < 4; ++column)
        affine(row, column) = f.srow[static_cast<size_t>(row)][static_cast<size_t>(column)];
    }
  } else if (f.qform_code > 0) {
    const double handedness = f.pixdim[0] < 0 ? -1.0 : 1.0;
    const nifti_dmat44 q = nifti_quatern_to_dmat44(f.quatern[0], f.quatern[1], f.quatern[2], f.qoffset[0], f.qoffset[1],
                                                   f.qoffset[2], f.spacing[0], f.spacing[1], f.spacing[2], handedness);
    for (int row = 0; row < 4; ++row) {
      for (int column = 0; column < 4; ++column) affine(row, column) = q.m[row][column];
    }
  } else {
    affine.diagonal() << f.spacing[0], f.spacing[1], f.spacing[2], 1.0;
  }
  return affine;
}

// Distances are the affine's, as places are. Where pixdim has others, nobody knows which are right.
void judge_affine(const Fields& f, Grid& grid, const std::filesystem::path& path) {
  const char* name = f.sform_code > 0 ? "sform" : "qform";
  REVUNET_EXPECTS(grid.affine.allFinite(), DataError,
                  "[{}] expected a finite affine, got NaN or infinity in the {}; fix the header", path.string(), name);
  const Eigen::Matrix3d axes = grid.affine.topLeftCorner<3, 3>();
  for (size_t i = 0; i < 3; ++i) grid.spacing[i] = axes.col(static_cast<int>(i)).norm();
  const double box = grid.spacing[0] * grid.spacing[1] * grid.spacing[2];
  REVUNET_EXPECTS(std::abs(axes.determinant()) > flat_volume * box, DataError,
                  "[{}] expected axes along three dimensions, got a {} that puts all voxels into one plane; fix the "
                  "header",
                  path.string(), name);
  for (size_t i = 0; i < 3; ++i) {
    REVUNET_EXPECTS(std::abs(grid.spacing[i] - f.spacing[i]) <= spacing_tolerance * f.spacing[i], DataError,
                    "[{}] expected pixdim to have the voxel sizes of the {}, {:.6g} mm, got {:.6g} x {:.6g} x {:.6g} "
                    "mm; fix whichever is wrong",
                    path.string(), name, fmt::join(grid.spacing, " x "), f.pixdim[1], f.pixdim[2], f.pixdim[3]);
  }
}

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

bool qform_is_finite(const Fields& f) {
  return all_finite(f.quatern) && all_finite(f.qoffset);
}

bool sform_is_finite(const Fields& f) {
  return std::ranges::all_of(f.srow, [](const auto& row) { return all_finite(row); });
}

// What is wrong with a geometry that is read all the same.
void tolerate_geometry(const Fields& f, NiftiHeader& header, const std::filesystem::path& path) {
  const bool negative = std::any_of(f.pixdim.begin() + 1, f.pixdim.begin() + 4, [](double mm) { return mm < 0; });
  if (negative) {
    header.tolerated.push_back(
        fmt::format("[{}] expected positive voxel spacings, got {} x {} x {} in pixdim: read "
                    "without their signs",
                    path.string(), f.pixdim[1], f.pixdim[2], f.pixdim[3]));
  }
  // Those that are used have passed judge_affine.
  for (const auto& [name, finite] : {std::pair{"qform", qform_is_finite(f)}, std::pair{"sform", sform_is_finite(f)}}) {
    if (finite) continue;
    header.tolerated.push_back(
        fmt::format("[{}] expected finite numbers in the {}, got others, such as NaN: it is not used, and ignored",
                    path.string(), name));
  }
}

void judge_geometry(const Fields& f, NiftiHeader& header, const std::filesystem::path& path) {
  const int unit = f.units & spatial_unit_mask;
  REVUNET_EXPECTS(unit == NIFTI_UNITS_MM || unit == NIFTI_UNITS_UNKNOWN, DataError,
                  "[{}] expected lengths in millimetres (code {}), got {} (code {}); convert the image", path.string(),
                  NIFTI_UNITS_MM, nifti_units_string(unit), unit);
  header.grid.spacing = f.spacing;
  for (const double spacing : f.spacing) {
    REVUNET_EXPECTS(std::isfinite(spacing) && spacing > 0, DataError,
                    "[{}] expected positive voxel spacings, got {} x {} x {}; fix pixdim in the header", path.string(),
                    f.pixdim[1], f.pixdim[2], f.pixdim[3]);
  }
  header.grid.affine = affine_of(f);
  header.grid.oriented = f.sform_code > 0 || f.qform_code > 0;
  if (header.grid.oriented) judge_affine(f, header.grid, path);
  tolerate_geometry(f, header, path);
}

template <typename Header>
std::vector<char> filled_for_writing(const std::vector<char>& bytes, int datatype, int64_t frames) {
  Header h;
  std::memcpy(&h, bytes.data(), sizeof h);
  constexpr bool version_2 = std::is_same_v<Header, nifti_2_header>;
  constexpr std::string_view magic = version_2 ? magic_2 : magic_1;
  static_assert(magic.size() == sizeof h.magic);
  std::memcpy(h.magic, magic.data(), magic.size());
  h.dim[0] = frames > 1 ? 4 : 3;
  for (int i = 4; i <= max_dimensions; ++i) h.dim[i] = 1;
  h.dim[4] = static_cast<std::remove_reference_t<decltype(h.dim[4])>>(frames);
  h.datatype = static_cast<int16_t>(datatype);
  h.bitpix = static_cast<int16_t>(8 * nifti_voxel_bytes(datatype));
  h.vox_offset = sizeof h + extension_flag_bytes;
  for (int i = 1; i <= 3; ++i) h.pixdim[i] = std::abs(h.pixdim[i]);
  const Fields f = fields_of<Header>(bytes);
  if (!qform_is_finite(f)) {
    h.qform_code = 0;
    h.quatern_b = h.quatern_c = h.quatern_d = h.qoffset_x = h.qoffset_y = h.qoffset_z = 0;
  }
  if (!sform_is_finite(f)) {
    h.sform_code = 0;
    for (int i = 0; i < 4; ++i) h.srow_x[i] = h.srow_y[i] = h.srow_z[i] = 0;
  }
  h.scl_slope = 1, h.scl_inter = 0;
  h.cal_min = h.cal_max = 0;
  h.intent_code = NIFTI_INTENT_NONE;
  h.intent_p1 = h.intent_p2 = h.intent_p3 = 0;
  std::memset(h.intent_name, 0, sizeof h.intent_name);
  std::vector<char> result(sizeof h);
  std::memcpy(result.data(), &h, sizeof h);
  return result;
}

}  // namespace

double scaling_error_of(const NiftiHeader& header) {
  constexpr double of_floats = 1e-3;
  constexpr double rounding = 0x1p-22, most_label = 255;  // the first: relative, of float slopes, intercepts and voxels
  if (header.datatype == NIFTI_TYPE_FLOAT32 || header.datatype == NIFTI_TYPE_FLOAT64) return of_floats;
  const double step = std::abs(header.slope);
  const double half = step < 1 ? step / 2 : 0;
  constexpr double most = 0.125;  // beyond, the slope is more likely damaged than a writer's, which has 255 steps
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
  for (const int64_t known : {header_1_bytes, header_2_bytes}) {
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
  const bool version_2 = size == header_2_bytes;
  NiftiHeader header;
  int32_t first = 0;
  std::memcpy(&first, bytes.data(), sizeof first);
  header.swapped = first != size;
  if (header.swapped) swap_nifti_header(bytes.data(), version_2 ? 2 : 1);
  header.bytes = std::move(bytes);
  const Fields f = version_2 ? fields_of<nifti_2_header>(header.bytes) : fields_of<nifti_1_header>(header.bytes);
  judge_magic(f, version_2, path);
  judge_datatype(f, header, path);
  judge_offset(f, header, path);
  judge_dims(f, header, path);
  judge_scaling(f, header, path);
  judge_geometry(f, header, path);
  return header;
}

std::optional<Grid> grid_by_qform(const NiftiImage& image) {
  const bool version_2 = static_cast<int64_t>(image.header.size()) == header_2_bytes;
  Fields f = version_2 ? fields_of<nifti_2_header>(image.header) : fields_of<nifti_1_header>(image.header);
  if (f.sform_code <= 0 || f.qform_code <= 0 || !qform_is_finite(f)) return std::nullopt;
  f.sform_code = 0;
  Grid grid = image.grid;
  grid.affine = affine_of(f);
  return grid;
}

std::vector<char> header_for_writing(const std::vector<char>& header, int datatype, int64_t frames, int64_t voxel_count,
                                     const std::filesystem::path& path) {
  const auto bytes = static_cast<int64_t>(header.size());
  int32_t size = 0;
  if (bytes >= nifti_probe_bytes) std::memcpy(&size, header.data(), sizeof size);
  REVUNET_EXPECTS(
      (bytes == header_1_bytes || bytes == header_2_bytes) && size == bytes, Error,
      "[{}] expected a header of 348 or 540 bytes in native byte order, got {} bytes with sizeof_hdr {}; pass "
      "the header of an image that was read, or make_nifti_header",
      path.string(), bytes, size);
  const bool version_2 = bytes == header_2_bytes;
  const Fields f = version_2 ? fields_of<nifti_2_header>(header) : fields_of<nifti_1_header>(header);
  REVUNET_EXPECTS(frames >= 1 && (version_2 || frames <= std::numeric_limits<int16_t>::max()), Error,
                  "[{}] expected 1 to 32767 frames, got {}; write several files", path.string(), frames);
  int64_t expected = frames;
  bool sound = true;
  for (size_t i = 1; i <= 3; ++i) sound &= f.dim[i] > 0 && !__builtin_mul_overflow(expected, f.dim[i], &expected);
  REVUNET_EXPECTS(sound && expected == voxel_count, Error,
                  "[{}] expected {} x {} x {} x {} voxels as in the header, got {}; pass the header of the same image",
                  path.string(), f.dim[1], f.dim[2], f.dim[3], frames, voxel_count);
  return version_2 ? filled_for_writing<nifti_2_header>(header, datatype, frames)
                   : filled_for_writing<nifti_1_header>(header, datatype, frames);
}

}  // namespace revunet::io
