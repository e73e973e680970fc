// This file makes the header of an image that is written. It is another image's header, except for what the voxels
// decide.
#include <nifti2_io.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include "engine/error.h"
#include "io/nifti/nifti_fields.h"
#include "io/nifti/nifti_header.h"

namespace revunet::io {
namespace {

template <typename Header>
std::vector<char> filled_for_writing(const std::vector<char>& bytes, int datatype, int64_t frames) {
  Header h;
  std::memcpy(&h, bytes.data(), sizeof h);
  constexpr bool version_2 = std::is_same_v<Header, nifti_2_header>;
  constexpr std::string_view magic = version_2 ? nifti_2_magic : nifti_1_magic;
  static_assert(magic.size() == sizeof h.magic);
  std::memcpy(h.magic, magic.data(), magic.size());
  h.dim[0] = frames > 1 ? 4 : 3;
  for (int i = 4; i <= nifti_max_dimensions; ++i) h.dim[i] = 1;
  h.dim[4] = static_cast<std::remove_reference_t<decltype(h.dim[4])>>(frames);
  h.datatype = static_cast<int16_t>(datatype);
  h.bitpix = static_cast<int16_t>(8 * nifti_voxel_bytes(datatype));
  h.vox_offset = sizeof h + nifti_extension_flag_bytes;
  for (int i = 1; i <= 3; ++i) h.pixdim[i] = std::abs(h.pixdim[i]);
  const NiftiFields f = nifti_fields(bytes);
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

std::vector<char> header_for_writing(const std::vector<char>& header, int datatype, int64_t frames, int64_t voxel_count,
                                     const std::filesystem::path& path) {
  const auto bytes = static_cast<int64_t>(header.size());
  int32_t size = 0;
  if (bytes >= nifti_probe_bytes) std::memcpy(&size, header.data(), sizeof size);
  REVUNET_EXPECTS(
      (bytes == nifti_1_header_bytes || bytes == nifti_2_header_bytes) && size == bytes, Error,
      "[{}] expected a header of 348 or 540 bytes in native byte order, got {} bytes with sizeof_hdr {}; pass "
      "the header of an image that was read, or make_nifti_header",
      path.string(), bytes, size);
  const bool version_2 = bytes == nifti_2_header_bytes;
  const NiftiFields f = nifti_fields(header);
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
