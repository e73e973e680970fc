#include "io/nifti/nifti.h"

#include <nifti2_io.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "engine/error.h"
#include "io/files/gzip_file.h"
#include "io/files/input_file.h"
#include "io/nifti/nifti_header.h"
#include "io/nifti/whole_labels.h"

namespace revunet::io {
namespace {

constexpr int64_t chunk_voxels = 64 * 1024;          // converted at a time: at most 512 KiB in addition to the result
constexpr int64_t first_voxels = int64_t{64} << 20;  // reserved at once: seven times an image of BraTS

std::string claim_of(const NiftiHeader& header) {
  const auto& [x, y, z] = header.grid.size;
  return fmt::format("{} x {} x {} x {} voxels", x, y, z, header.frames);
}

int64_t content_bytes(const NiftiHeader& header) {
  return header.payload_offset + header.voxel_count * header.voxel_bytes;
}

NiftiHeader read_header(GzipReader& file, const std::filesystem::path& path) {
  std::vector<char> bytes(nifti_probe_bytes);
  file.read(bytes.data(), nifti_probe_bytes, "NIfTI header");
  const int64_t size = nifti_header_size(bytes, path);
  bytes.resize(static_cast<size_t>(size));
  file.read(bytes.data() + nifti_probe_bytes, size - nifti_probe_bytes, "NIfTI header");
  NiftiHeader header = parse_nifti_header(std::move(bytes), path);
  // This comes before any allocation, because a damaged header must not ask for more memory than its file could ever
  // fill.
  const int64_t expected = content_bytes(header);
  const int64_t found = file.max_content_size();
  REVUNET_EXPECTS(
      expected <= found, DataError,
      "[{}] expected {} bytes for the {} of the header, got {}{}; the file is truncated: copy or download it "
      "again",
      path.string(), expected, claim_of(header), file.compressed() ? "at most " : "", found);
  return header;
}

// Extensions (DICOM fields, comments) lie between header and voxels. Nothing here needs them.
void skip(GzipReader& file, int64_t size, std::string_view what) {
  std::vector<char> skipped(static_cast<size_t>(std::min(size, chunk_voxels)));
  for (int64_t done = 0; done < size;) {
    const int64_t count = std::min(size - done, chunk_voxels);
    file.read(skipped.data(), count, what);
    done += count;
  }
}

// Skips what lies between header and voxels. Where vox_offset does not say how much that is, nothing may be there.
void skip_extensions(GzipReader& file, const NiftiHeader& header, const std::filesystem::path& path) {
  const int64_t size = header.payload_offset - std::ssize(header.bytes);
  constexpr std::string_view what = "header extensions";
  if (!header.offset_assumed) return skip(file, size, what);
  std::vector<char> flags(static_cast<size_t>(size));
  file.read(flags.data(), size, what);
  REVUNET_EXPECTS(flags[0] == 0, DataError,
                  "[{}] expected a vox_offset, as the header has extensions, got 0; fix vox_offset in the header",
                  path.string());
}

void skip_padding(GzipReader& file, NiftiHeader& header, const std::filesystem::path& path) {
  const int64_t padding = file.skip_padding();
  if (padding == 0) return;
  REVUNET_EXPECTS(!header.length_doubtful, DataError,
                  "[{}] expected the end of the file after the {}, got {} bytes more, in a file whose vox_offset or "
                  "bitpix contradicts its header; fix the header",
                  path.string(), claim_of(header), padding);
  header.tolerated.push_back(
      fmt::format("[{}] expected the end of the file after the {}, got {} bytes of zeros: they "
                  "are ignored",
                  path.string(), claim_of(header), padding));
}

// Makes room for the next voxels, where `done` have arrived. A header may claim any number, so memory is asked for only
// as they come.
template <typename Voxel>
void grow(std::vector<Voxel>& voxels, int64_t done, const NiftiHeader& header) {
  if (done < std::ssize(voxels)) return;
  const auto count = static_cast<size_t>(std::min(header.voxel_count, std::max(first_voxels, 2 * done)));
  voxels.reserve(count);  // resize alone would double the capacity
  voxels.resize(count);
}

// Reads header.voxel_count numbers of type Stored, and makes a voxel of each by `convert`.
template <typename Stored, typename Voxel, typename Convert>
void read_voxels(GzipReader& file, const NiftiHeader& header, std::vector<Voxel>& voxels, Convert convert) {
  std::vector<Stored> stored(static_cast<size_t>(std::min(header.voxel_count, chunk_voxels)));
  for (int64_t done = 0; done < header.voxel_count;) {
    grow(voxels, done, header);
    const int64_t count = std::min(std::ssize(voxels) - done, chunk_voxels);
    file.read(stored.data(), count * static_cast<int64_t>(sizeof(Stored)), "voxels");
    if (header.swapped && sizeof(Stored) > 1) nifti_swap_Nbytes(count, sizeof(Stored), stored.data());
    std::transform(stored.begin(), stored.begin() + count, voxels.begin() + done, convert);
    done += count;
  }
}

bool is_identity(const NiftiHeader& header) {
  return header.slope == 1 && header.intercept == 0;
}

// Scales a stored number, and rounds it once to float.
template <typename Stored>
float scaled(Stored v, const NiftiHeader& header) {
  return static_cast<float>(header.slope * static_cast<double>(v) + header.intercept);
}

// Calls f.template operator()<Stored>() with the type of the numbers in the file.
template <typename F>
void with_stored_type(const NiftiHeader& header, F f) {
  switch (header.datatype) {
    case NIFTI_TYPE_UINT8:
      return f.template operator()<uint8_t>();
    case NIFTI_TYPE_INT8:
      return f.template operator()<int8_t>();
    case NIFTI_TYPE_INT16:
      return f.template operator()<int16_t>();
    case NIFTI_TYPE_UINT16:
      return f.template operator()<uint16_t>();
    case NIFTI_TYPE_INT32:
      return f.template operator()<int32_t>();
    case NIFTI_TYPE_UINT32:
      return f.template operator()<uint32_t>();
    case NIFTI_TYPE_INT64:
      return f.template operator()<int64_t>();
    case NIFTI_TYPE_UINT64:
      return f.template operator()<uint64_t>();
    case NIFTI_TYPE_FLOAT32:
      return f.template operator()<float>();
    case NIFTI_TYPE_FLOAT64:
      return f.template operator()<double>();
    default:
      throw Error(fmt::format("[nifti] expected a datatype that parse_nifti_header lets through, got {}; this is a bug",
                              header.datatype));
  }
}

void read_floats(GzipReader& file, const NiftiHeader& header, std::vector<float>& voxels) {
  with_stored_type(header, [&]<typename Stored>() {
    if (is_identity(header)) {
      read_voxels<Stored>(file, header, voxels, [](Stored v) { return static_cast<float>(v); });
    } else {
      read_voxels<Stored>(file, header, voxels, [&](Stored v) { return scaled(v, header); });
    }
  });
}

// Returns whether all voxels are whole numbers in 0..255. Where they are not, `labels` means nothing.
bool read_labels(GzipReader& file, const NiftiHeader& header, std::vector<uint8_t>& labels) {
  bool whole = true;
  with_stored_type(header, [&]<typename Stored>() {
    if constexpr (std::is_integral_v<Stored>) {
      if (is_identity(header)) {
        read_voxels<Stored>(file, header, labels, [&](Stored v) {
          whole &= std::in_range<uint8_t>(v);
          return static_cast<uint8_t>(v);
        });
        return;
      }
    }
    read_voxels<Stored>(file, header, labels, [&](Stored v) {
      const float value = is_identity(header) ? static_cast<float>(v) : scaled(v, header);
      const bool is_label = is_whole_label(value);
      whole &= is_label;
      return is_label ? static_cast<uint8_t>(value) : uint8_t{0};
    });
  });
  return whole;
}

// Reads what follows the header up to the end of the file. read() reads the voxels, which are `voxel_bytes` each in
// memory.
template <typename Read>
void read_payload(GzipReader& file, NiftiHeader& header, const std::filesystem::path& path, size_t voxel_bytes,
                  Read read) try {
  skip_extensions(file, header, path);
  read();
  skip_padding(file, header, path);
} catch (const std::bad_alloc&) {
  throw DataError(
      fmt::format("[{}] expected memory for the {} of the header, {:.1f} GiB, got none; check that it is "
                  "the right image, or free memory",
                  path.string(), claim_of(header),
                  static_cast<double>(header.voxel_count) * static_cast<double>(voxel_bytes) / 0x1p30));
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

// Returns the end of a gzip file: the length of its last member before compression, modulo 2^32, least byte first.
uint32_t last_word(const std::filesystem::path& path) {
  std::array<unsigned char, 4> bytes{};
  InputFile file(path);
  file.seek(std::max<int64_t>(file.size() - std::ssize(bytes), 0));
  file.read(bytes.data(), std::ssize(bytes));
  uint32_t word = 0;
  for (size_t i = 0; i < bytes.size(); ++i) word |= uint32_t{bytes[i]} << (8 * i);
  return word;
}

NiftiImage image_of(NiftiHeader header, std::vector<float> voxels) {
  return {.grid = header.grid,
          .frames = header.frames,
          .voxels = std::move(voxels),
          .header = std::move(header.bytes),
          .scaling_error = scaling_error_of(header),
          .tolerated = std::move(header.tolerated)};
}

void expect_finite(const std::vector<float>& voxels, const std::filesystem::path& path) {
  const auto bad = std::count_if(voxels.begin(), voxels.end(), [](float v) { return !std::isfinite(v); });
  REVUNET_EXPECTS(bad == 0, DataError,
                  "[{}] expected finite voxels, got {} NaN or infinite of {}; replace them, or make the image again",
                  path.string(), bad, voxels.size());
}

}  // namespace

NiftiImage read_nifti(const std::filesystem::path& path, NonFinite non_finite, Sha256* sum) {
  GzipReader file(path, sum);
  NiftiHeader header = read_header(file, path);
  std::vector<float> voxels;
  read_payload(file, header, path, sizeof(float), [&] { read_floats(file, header, voxels); });
  if (non_finite == NonFinite::is_error) expect_finite(voxels, path);
  return image_of(std::move(header), std::move(voxels));
}

std::optional<LabelImage> read_whole_labels(const std::filesystem::path& path) {
  GzipReader file(path);
  NiftiHeader header = read_header(file, path);
  std::vector<uint8_t> labels;
  bool whole = false;
  read_payload(file, header, path, sizeof(uint8_t), [&] { whole = read_labels(file, header, labels); });
  if (!whole) return std::nullopt;
  return LabelImage{.grid = header.grid,
                    .labels = std::move(labels),
                    .header = std::move(header.bytes),
                    .tolerated = std::move(header.tolerated)};
}

NiftiImage read_nifti_header(const std::filesystem::path& path) {
  GzipReader file(path);
  return image_of(read_header(file, path), {});
}

NiftiImage read_whole_nifti_header(const std::filesystem::path& path) {
  GzipReader file(path);
  NiftiHeader header = read_header(file, path);
  const int64_t length = content_bytes(header);
  const bool as_long =
      file.compressed() ? last_word(path) == static_cast<uint32_t>(length) : file.max_content_size() == length;
  if (!as_long) {
    skip_extensions(file, header, path);
    skip(file, length - header.payload_offset, "voxels");
    skip_padding(file, header, path);
  }
  return image_of(std::move(header), {});
}

std::vector<char> make_nifti_header(const std::array<int64_t, 3>& size, const std::array<double, 3>& spacing) {
  nifti_1_header h;
  std::memset(&h, 0, sizeof h);
  h.sizeof_hdr = sizeof h;
  h.regular = 'r';
  h.dim[0] = 3;
  h.pixdim[0] = 1;                                       // qfac: a right-handed qform
  constexpr std::array<int, 3> direction = {-1, -1, 1};  // BraTS's, in a world that goes right, forward and up
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
  // Sets datatype and magic too, so that the header is complete.
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
