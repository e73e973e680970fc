// This is the header of a NIfTI-1 or NIfTI-2 single-file image, checked before any voxel is read.
//
// Non-obvious rule: `bytes` is the file's own header in native byte order, and a written image copies it. The other
// fields are what this project understands of it, already checked.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/nifti/nifti.h"

namespace revunet::io {

// The first bytes of a file (sizeof_hdr) are enough to tell which header it has.
constexpr int64_t nifti_probe_bytes = 4;

// Returns a header's size in bytes, 348 or 540, from its first nifti_probe_bytes in either byte order. Throws DataError
// with path for anything else.
int64_t nifti_header_size(std::span<const char> first_bytes, const std::filesystem::path& path);

struct NiftiHeader {
  std::vector<char> bytes;  // nifti_1_header or nifti_2_header, native byte order
  bool swapped = false;     // the file's byte order is not this machine's
  Grid grid;
  int64_t frames = 1;  // extent of the fourth dimension
  int datatype = 0;    // a NIFTI_TYPE_* code that nifti_voxel_bytes knows
  int64_t voxel_bytes = 0;
  int64_t payload_offset = 0;  // vox_offset: bytes from the start of the file to the first voxel
  int64_t voxel_count = 0;     // x * y * z * frames; voxel_count * voxel_bytes + payload_offset does not overflow
  double slope = 1;            // voxel = slope * stored + intercept
  double intercept = 0;
  bool offset_assumed = false;   // vox_offset is 0, and the voxels are looked for after header and flags
  bool length_doubtful = false;  // vox_offset or bitpix contradict the rest: the voxels must fill the file exactly
  std::vector<std::string> tolerated;  // as in NiftiImage
};

// Checks a complete header (348 or 540 bytes, in the file's byte order). Throws DataError with path, what the standard
// (nifti.nimh.nih.gov/nifti-1, nifti-2) or this project expects, what was found, and a remedy. It tolerates what can be
// read in one way only: a bitpix that is not the datatype's; a vox_offset of 0 (the voxels then follow the header and
// its four bytes of flags); both of these only where the file is as long as the header then says; negative pixdim; and
// a qform or sform that is not finite and not used.
NiftiHeader parse_nifti_header(std::vector<char> bytes, const std::filesystem::path& path);

// Returns how far from a whole number the file's numbers may have moved a label. It is half of scl_slope, because a
// writer that has only scaled integers rounds to steps of it, and at most an eighth. It is 1e-3 for floats, which may
// have come from such a file.
double scaling_error_of(const NiftiHeader& header);

// Returns the bytes of a voxel of a NIFTI_TYPE_* code, or 0 for types that this project does not read (complex, RGB,
// 128 bits).
int64_t nifti_voxel_bytes(int datatype);

// Returns a copy of `header` for voxels of the given type. dims come from its own x, y, z and from frames. Scaling,
// calibration, intent and extension are cleared, and what reading tolerates is corrected. Throws Error if `header` is
// no native NIfTI header or if its sizes do not multiply to voxel_count / frames.
std::vector<char> header_for_writing(const std::vector<char>& header, int datatype, int64_t frames, int64_t voxel_count,
                                     const std::filesystem::path& path);

}  // namespace revunet::io
