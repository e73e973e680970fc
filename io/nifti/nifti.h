// NIfTI-1 and NIfTI-2 images, .nii and .nii.gz, read with every check that nifticlib leaves out.
//
// Non-obvious rule: voxels are in the file's order, x fastest: index = x + X * (y + Y * (z + Z * t)).
// Host data only; not tied to any device. Functions are safe to call from several threads.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/nifti/grid.h"

namespace revunet::io {

// Voxels are scaled by scl_slope and scl_inter (a slope of 0 or NaN means identity) in double and rounded to float,
// which holds any int16 exactly.
struct NiftiImage {
  Grid grid;
  int64_t frames = 1;         // extent of the fourth dimension
  std::vector<float> voxels;  // x fastest, then y, z, t
  std::vector<char> header;   // the file's header bytes in native byte order, as nifti_1_header or nifti_2_header
  double scaling_error = 0;   // how far the file's numbers may have moved a whole number (scaling_error_of)
  std::vector<std::string> tolerated;  // what the standard forbids and was read all the same, as messages of errors
};

// The place in the world that the qform gives, of an image that has a sform too, which is used in its stead.
std::optional<Grid> grid_by_qform(const NiftiImage& image);

// Reads the whole file, gzip or not by its content. Types: 8 to 64-bit integers, 32 and 64-bit floats; 3 or 4
// dimensions; either byte order. Throws DataError, naming path, expected, found and remedy, for: a missing file, wrong
// header size or magic (a .hdr/.img pair too), dims that are not positive or do not match the payload, an unsupported
// datatype, vox_offset inside the header, spacings that are 0 or differ between pixdim and affine, an affine that is
// singular or not finite, lengths in other units than mm, a truncated payload, a gzip stream with a wrong CRC or length
// or no trailer, anything but zeros after the last voxel or gzip member, non-finite voxels (their count) unless they
// are allowed, and an image that memory does not hold. Memory is asked for as voxels arrive: at most twice what came,
// or 256 MiB. Tolerated are zeros at the end and what parse_nifti_header (io/nifti/nifti_header.h) tolerates.
enum class NonFinite { is_error, is_allowed };
NiftiImage read_nifti(const std::filesystem::path& path, NonFinite non_finite = NonFinite::is_error);

// Labels of a segmentation: read_nifti plus a check that every voxel is an integer in 0..255 and that frames == 1.
// Tolerated: labels within the image's scaling_error of whole numbers, where each label is one value throughout, as a
// writer of scaled numbers leaves them; a map of probabilities has many values near 0 and 1.
struct LabelImage {
  Grid grid;
  std::vector<uint8_t> labels;  // x fastest
  std::vector<char> header;
  std::vector<std::string> tolerated;
};
LabelImage read_nifti_labels(const std::filesystem::path& path);
LabelImage labels_of_image(NiftiImage image, const std::filesystem::path& path);  // of an image that was read

// Only the header, checked as read_nifti does (voxels empty), and that the file can be as long as it says.
NiftiImage read_nifti_header(const std::filesystem::path& path);

// As read_nifti_header, and that the file holds what its header says, without unpacking it: of a gzip file by the
// length in its last bytes. Where that differs (a truncated or padded file, or several gzip members) the whole file is
// unpacked, in little memory. DataError as read_nifti, but non-finite voxels and flipped bits pass.
NiftiImage read_whole_nifti_header(const std::filesystem::path& path);

// A header for a new image in BraTS's orientation (x to the left, y to the back, z up): qform and sform (code 1,
// scanner) of the given spacing, origin at the centre.
std::vector<char> make_nifti_header(const std::array<int64_t, 3>& size, const std::array<double, 3>& spacing);

// Writes .nii or .nii.gz (by path's ending) to a temporary name, syncs and renames. The header is copied from `header`
// (qform, sform, units, description kept) with datatype, dims, scaling and calibration set for the data given.
// Header extensions and intent are not kept. Throws DataError if the file cannot be written, UsageError for another
// ending, Error if sizes do not match the header.
void write_nifti(const std::filesystem::path& path, const std::vector<char>& header,
                 const std::vector<uint8_t>& labels);
void write_nifti(const std::filesystem::path& path, const std::vector<char>& header,
                 const std::vector<int16_t>& voxels);
// frames x 3-D float32; frames > 1 makes a 4-D file.
void write_nifti(const std::filesystem::path& path, const std::vector<char>& header, const std::vector<float>& voxels,
                 int64_t frames);

}  // namespace revunet::io
