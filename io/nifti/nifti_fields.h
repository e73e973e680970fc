// These are the fields of a NIfTI-1 or NIfTI-2 header, read from its bytes and not yet checked.
//
// Non-obvious rule: bytes are in native byte order, and their number tells the standard.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace revunet::io {

inline constexpr int64_t nifti_1_header_bytes = 348, nifti_2_header_bytes = 540;
inline constexpr int64_t nifti_extension_flag_bytes = 4;  // between header and voxels of every single-file image
inline constexpr int nifti_max_dimensions = 7;
inline constexpr std::string_view nifti_1_magic("n+1\0", 4), nifti_2_magic("n+2\0\r\n\032\n", 8);

// NiftiFields has what both standards have in common, in the wider of their types.
struct NiftiFields {
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

// Reads the fields of a complete header, of either size.
NiftiFields nifti_fields(std::span<const char> header);

// These return whether the numbers of the qform, and of the sform, are all finite.
bool qform_is_finite(const NiftiFields& fields);
bool sform_is_finite(const NiftiFields& fields);

}  // namespace revunet::io
