#include "io/nifti.h"

#include <nifti2_io.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include <Eigen/LU>

#include "engine/error.h"
#include "io/gzip_file.h"
#include "io/nifti_header.h"

namespace revunet::io {
namespace {

constexpr double corner_tolerance = 1e-2;    // voxels: far below what shows, far above the rounding of float headers
constexpr int64_t chunk_voxels = 64 * 1024;  // converted at a time: at most 512 KiB beside the result

NiftiHeader read_header(GzipReader& file, const std::filesystem::path& path) {
  std::vector<char> bytes(nifti_probe_bytes);
  file.read(bytes.data(), nifti_probe_bytes, "NIfTI header");
  const int64_t size = nifti_header_size(bytes, path);
  bytes.resize(static_cast<size_t>(size));
  file.read(bytes.data() + nifti_probe_bytes, size - nifti_probe_bytes, "NIfTI header");
  NiftiHeader header = parse_nifti_header(std::move(bytes), path);
  // Before any allocation: a damaged header must not ask for more memory than its file could ever fill.
  const int64_t expected = header.payload_offset + header.voxel_count * header.voxel_bytes;
  const int64_t found = file.max_content_size();
  REVUNET_EXPECTS(
      expected == found || (file.compressed() && expected < found), DataError,
      "[{}] expected {} bytes for the {} x {} x {} x {} voxels of the header, got {}{}; the file is {}: copy or "
      "download it again",
      path.string(), expected, header.grid.size[0], header.grid.size[1], header.grid.size[2], header.frames,
      file.compressed() ? "at most " : "", found, expected > found ? "truncated" : "damaged");
  return header;
}

// Extensions (DICOM fields, comments) lie between header and voxels; nothing here needs them.
void skip_extensions(GzipReader& file, int64_t size) {
  std::vector<char> skipped(static_cast<size_t>(std::min(size, chunk_voxels)));
  for (int64_t done = 0; done < size;) {
    const int64_t count = std::min(size - done, chunk_voxels);
    file.read(skipped.data(), count, "header extensions");
    done += count;
  }
}

// Reads header.voxel_count numbers of type Stored as slope * stored + intercept, rounded once to float.
template <typename Stored>
void read_voxels(GzipReader& file, const NiftiHeader& header, std::vector<float>& voxels) {
  voxels.resize(static_cast<size_t>(header.voxel_count));
  std::vector<Stored> stored(static_cast<size_t>(std::min(header.voxel_count, chunk_voxels)));
  const bool identity = header.slope == 1 && header.intercept == 0;
  for (int64_t done = 0; done < header.voxel_count;) {
    const int64_t count = std::min(header.voxel_count - done, chunk_voxels);
    file.read(stored.data(), count * static_cast<int64_t>(sizeof(Stored)), "voxels");
    if (header.swapped && sizeof(Stored) > 1) nifti_swap_Nbytes(count, sizeof(Stored), stored.data());
    const auto destination = voxels.begin() + done;
    if (identity) {
      std::transform(stored.begin(), stored.begin() + count, destination,
                     [](Stored v) { return static_cast<float>(v); });
    } else {
      std::transform(stored.begin(), stored.begin() + count, destination, [&](Stored v) {
        return static_cast<float>(header.slope * static_cast<double>(v) + header.intercept);
      });
    }
    done += count;
  }
}

void read_voxels_of_type(GzipReader& file, const NiftiHeader& header, std::vector<float>& voxels) {
  switch (header.datatype) {
    case NIFTI_TYPE_UINT8:
      return read_voxels<uint8_t>(file, header, voxels);
    case NIFTI_TYPE_INT8:
      return read_voxels<int8_t>(file, header, voxels);
    case NIFTI_TYPE_INT16:
      return read_voxels<int16_t>(file, header, voxels);
    case NIFTI_TYPE_UINT16:
      return read_voxels<uint16_t>(file, header, voxels);
    case NIFTI_TYPE_INT32:
      return read_voxels<int32_t>(file, header, voxels);
    case NIFTI_TYPE_UINT32:
      return read_voxels<uint32_t>(file, header, voxels);
    case NIFTI_TYPE_INT64:
      return read_voxels<int64_t>(file, header, voxels);
    case NIFTI_TYPE_UINT64:
      return read_voxels<uint64_t>(file, header, voxels);
    case NIFTI_TYPE_FLOAT32:
      return read_voxels<float>(file, header, voxels);
    case NIFTI_TYPE_FLOAT64:
      return read_voxels<double>(file, header, voxels);
    default:
      throw Error(fmt::format("[nifti] expected a datatype that parse_nifti_header lets through, got {}; this is a bug",
                              header.datatype));
  }
}

bool wants_compression(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(".nii.gz")) return true;
  REVUNET_EXPECTS(name.ends_with(".nii"), UsageError,
                  "[{}] expected a name ending in .nii or .nii.gz, got '{}'; rename it", path.string(), name);
  return false;
}

template <typename Voxel>
constexpr int datatype_of = std::is_same_v<Voxel, uint8_t>   ? NIFTI_TYPE_UINT8
                            : std::is_same_v<Voxel, int16_t> ? NIFTI_TYPE_INT16
                                                             : NIFTI_TYPE_FLOAT32;

template <typename Voxel>
void write_image(const std::filesystem::path& path, const std::vector<char>& header, const std::vector<Voxel>& voxels,
                 int64_t frames) {
  const auto count = static_cast<int64_t>(voxels.size());
  const std::vector<char> bytes = header_for_writing(header, datatype_of<Voxel>, frames, count, path);
  constexpr std::array<char, 4> no_extensions{};
  GzipWriter file(path, wants_compression(path));
  file.write(bytes.data(), static_cast<int64_t>(bytes.size()));
  file.write(no_extensions.data(), no_extensions.size());
  file.write(voxels.data(), count * static_cast<int64_t>(sizeof(Voxel)));
  file.commit();
}

}  // namespace

double corner_displacement(const Grid& a, const Grid& b) {
  constexpr double never = std::numeric_limits<double>::infinity();
  if (a.size != b.size) return never;
  if (a.affine == b.affine) return 0;
  const Eigen::FullPivLU<Eigen::Matrix4d> lu(a.affine);
  if (!lu.isInvertible() || !b.affine.allFinite()) return never;
  double most = 0;
  for (int corner = 0; corner < 8; ++corner) {
    Eigen::Vector4d voxel = Eigen::Vector4d::UnitW();
    for (int axis = 0; axis < 3; ++axis) {
      if ((corner >> axis & 1) != 0) voxel(axis) = static_cast<double>(a.size[static_cast<size_t>(axis)] - 1);
    }
    most = std::max(most, (lu.solve(b.affine * voxel) - voxel).head<3>().norm());
  }
  return most;
}

bool same_grid(const Grid& a, const Grid& b) {
  return corner_displacement(a, b) <= corner_tolerance;
}

namespace {

// The end of a gzip file: the length of its last member before compression, modulo 2^32, least byte first.
uint32_t last_word(const std::filesystem::path& path) {
  std::array<unsigned char, 4> bytes{};
  std::ifstream file(path, std::ios::binary);
  file.seekg(-static_cast<std::streamoff>(bytes.size()), std::ios::end);
  file.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  REVUNET_EXPECTS(file.good(), DataError, "[{}] expected a file that can be read to its end; check the disk",
                  path.string());
  uint32_t word = 0;
  for (size_t i = 0; i < bytes.size(); ++i) word |= uint32_t{bytes[i]} << (8 * i);
  return word;
}

void expect_finite(const std::vector<float>& voxels, const std::filesystem::path& path) {
  const auto bad = std::count_if(voxels.begin(), voxels.end(), [](float v) { return !std::isfinite(v); });
  REVUNET_EXPECTS(bad == 0, DataError,
                  "[{}] expected finite voxels, got {} NaN or infinite of {}; replace them, or make the image again",
                  path.string(), bad, voxels.size());
}

}  // namespace

NiftiImage read_nifti(const std::filesystem::path& path, NonFinite non_finite) {
  GzipReader file(path);
  NiftiHeader header = read_header(file, path);
  skip_extensions(file, header.payload_offset - static_cast<int64_t>(header.bytes.size()));
  NiftiImage image;
  read_voxels_of_type(file, header, image.voxels);
  file.expect_end();
  if (non_finite == NonFinite::is_error) expect_finite(image.voxels, path);
  image.grid = header.grid;
  image.frames = header.frames;
  image.header = std::move(header.bytes);
  return image;
}

LabelImage read_nifti_labels(const std::filesystem::path& path) {
  return labels_of_image(read_nifti(path), path);
}

LabelImage labels_of_image(NiftiImage image, const std::filesystem::path& path) {
  REVUNET_EXPECTS(image.frames == 1, DataError, "[{}] expected labels of one frame, got {}; split the image",
                  path.string(), image.frames);
  LabelImage labels{.grid = image.grid, .labels = std::vector<uint8_t>(image.voxels.size()), .header = {}};
  const auto is_label = [](float value) { return value >= 0 && value <= 255 && value == std::floor(value); };
  const auto bad = std::find_if_not(image.voxels.begin(), image.voxels.end(), is_label);
  if (bad != image.voxels.end()) {
    const auto more = std::count_if(bad + 1, image.voxels.end(), [&](float value) { return !is_label(value); });
    throw DataError(fmt::format(
        "[{}] expected labels, whole numbers in 0..255, got {} at voxel {}{}; check that it is a segmentation",
        path.string(), *bad, bad - image.voxels.begin(),
        more > 0 ? fmt::format(", and {} more that are none", more) : ""));
  }
  std::transform(image.voxels.begin(), image.voxels.end(), labels.labels.begin(),
                 [](float value) { return static_cast<uint8_t>(value); });
  labels.header = std::move(image.header);
  return labels;
}

NiftiImage read_nifti_header(const std::filesystem::path& path) {
  GzipReader file(path);
  NiftiHeader header = read_header(file, path);
  return {.grid = header.grid, .frames = header.frames, .voxels = {}, .header = std::move(header.bytes)};
}

NiftiImage read_whole_nifti_header(const std::filesystem::path& path) {
  GzipReader file(path);
  NiftiHeader header = read_header(file, path);
  const int64_t length = header.payload_offset + header.voxel_count * header.voxel_bytes;
  if (file.compressed() && last_word(path) != static_cast<uint32_t>(length)) read_nifti(path, NonFinite::is_allowed);
  return {.grid = header.grid, .frames = header.frames, .voxels = {}, .header = std::move(header.bytes)};
}

std::vector<char> make_nifti_header(const std::array<int64_t, 3>& size, const std::array<double, 3>& spacing) {
  nifti_1_header h;
  std::memset(&h, 0, sizeof h);
  h.sizeof_hdr = sizeof h;
  h.regular = 'r';
  h.dim[0] = 3;
  h.pixdim[0] = 1;                                       // qfac: a right-handed qform
  constexpr std::array<int, 3> direction = {-1, -1, 1};  // of BraTS, in a world that goes right, forward and up
  std::array<float, 3> origin{};
  for (size_t i = 0; i < 3; ++i) {
    REVUNET_EXPECTS(size[i] >= 1 && size[i] <= std::numeric_limits<int16_t>::max(), UsageError,
                    "[make_nifti_header] expected sizes of 1 to 32767, got {}; choose another", size[i]);
    REVUNET_EXPECTS(std::isfinite(spacing[i]) && spacing[i] > 0, UsageError,
                    "[make_nifti_header] expected positive spacings, got {}; choose another", spacing[i]);
    h.dim[i + 1] = static_cast<int16_t>(size[i]);
    h.pixdim[i + 1] = static_cast<float>(spacing[i]);
    origin[i] = static_cast<float>(direction[i] * -spacing[i] * static_cast<double>(size[i] - 1) / 2);
  }
  h.xyzt_units = NIFTI_UNITS_MM | NIFTI_UNITS_SEC;
  h.qform_code = h.sform_code = NIFTI_XFORM_SCANNER_ANAT;
  h.quatern_d = 1;  // half a turn about z
  h.qoffset_x = origin[0], h.qoffset_y = origin[1], h.qoffset_z = origin[2];
  h.srow_x[0] = -h.pixdim[1], h.srow_x[3] = origin[0];
  h.srow_y[1] = -h.pixdim[2], h.srow_y[3] = origin[1];
  h.srow_z[2] = h.pixdim[3], h.srow_z[3] = origin[2];
  std::vector<char> bytes(sizeof h);
  std::memcpy(bytes.data(), &h, sizeof h);
  // Datatype and magic too, so that the header is whole as it stands.
  return header_for_writing(bytes, NIFTI_TYPE_FLOAT32, 1, size[0] * size[1] * size[2], "make_nifti_header");
}

void write_nifti(const std::filesystem::path& path, const std::vector<char>& header,
                 const std::vector<uint8_t>& labels) {
  write_image(path, header, labels, 1);
}

void write_nifti(const std::filesystem::path& path, const std::vector<char>& header,
                 const std::vector<int16_t>& voxels) {
  write_image(path, header, voxels, 1);
}

void write_nifti(const std::filesystem::path& path, const std::vector<char>& header, const std::vector<float>& voxels,
                 int64_t frames) {
  write_image(path, header, voxels, frames);
}

}  // namespace revunet::io
