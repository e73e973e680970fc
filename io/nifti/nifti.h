// This file reads and writes NIfTI-1 and NIfTI-2 images, .nii and .nii.gz, with every check that nifticlib leaves out.
//
// Non-obvious rule: voxels are in the file's order, x fastest: index = x + X * (y + Y * (z + Z * t)). All data is on
// the host and not tied to any device. Functions are safe to call from several threads.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/nifti/grid.h"

namespace revunet::io {

class Sha256;

// Voxels are scaled by scl_slope and scl_inter (a slope of 0 or NaN means identity) in double and rounded to float,
// which holds any int16 exactly.
struct NiftiImage {
  Grid grid;
  int64_t frames = 1;         // extent of the fourth dimension
  std::vector<float> voxels;  // x fastest, then y, z, t
  std::vector<char> header;   // the file's header bytes in native byte order, as nifti_1_header or nifti_2_header
  double scaling_error = 0;   // how far the file's numbers may have moved a whole number (scaling_error_of)
  std::vector<std::string> tolerated;  // what the standard forbids but was read all the same, worded as errors
};

// Returns the place in the world that the qform gives, for an image that also has a sform, which is the one in use.
std::optional<Grid> grid_by_qform(const NiftiImage& image);

// Reads the whole file, gzip or not by its content. Types are 8 to 64-bit integers and 32 and 64-bit floats, with 3 or
// 4 dimensions, in either byte order. Throws DataError, with path, expected, found and remedy, for: a missing file,
// wrong header size or magic (including a .hdr/.img pair), dims that are not positive or do not match the payload, an
// unsupported datatype, vox_offset inside the header, spacings that are 0 or differ between pixdim and affine, an
// affine that is singular or not finite, lengths in units other than mm, a truncated payload, a gzip stream with a
// wrong CRC or length or no trailer, anything but zeros after the last voxel or gzip member, non-finite voxels (with
// their count) unless they are allowed, and an image that does not fit into memory. Memory is asked for as voxels
// arrive: at most twice what came, or 256 MiB. It tolerates zeros at the end and what parse_nifti_header
// (io/nifti/nifti_header.h) tolerates. Adds all bytes of the file to `sum`, where there is one.
enum class NonFinite { is_error, is_allowed };
NiftiImage read_nifti(const std::filesystem::path& path, NonFinite non_finite = NonFinite::is_error,
                      Sha256* sum = nullptr);

// Reads the labels of a segmentation as read_nifti does, and checks that every voxel is an integer in 0..255 and that
// frames == 1. Each voxel takes a byte where all are whole numbers. Otherwise the file is read a second time, as
// floats. It tolerates labels within the image's scaling_error of whole numbers, where each label is one value
// throughout, as a writer of scaled numbers leaves them. A map of probabilities is refused: it has many values near 0
// and 1.
struct LabelImage {
  Grid grid;
  std::vector<uint8_t> labels;  // x fastest
  std::vector<char> header;
  std::vector<std::string> tolerated;
};
LabelImage read_nifti_labels(const std::filesystem::path& path);
LabelImage labels_of_image(NiftiImage image, const std::filesystem::path& path);  // of an image that was read

// Reads only the header and checks it as read_nifti does (voxels stay empty). Also checks that the file can be as long
// as the header says.
NiftiImage read_nifti_header(const std::filesystem::path& path);

// Does the same as read_nifti_header, and checks that the file holds what its header says, without unpacking it. For a
// gzip file it uses the length in its last bytes. Where that differs (a truncated or padded file, or several gzip
// members) the whole file is unpacked, in little memory. Throws DataError as read_nifti does, but accepts non-finite
// voxels and flipped bits.
NiftiImage read_whole_nifti_header(const std::filesystem::path& path);

// Makes a header for a new image in BraTS's orientation (x to the left, y to the back, z up). qform and sform (code 1,
// scanner) have the given spacing, with the origin at the centre.
std::vector<char> make_nifti_header(const std::array<int64_t, 3>& size, const std::array<double, 3>& spacing);

// Writes .nii or .nii.gz (by path's ending) to a temporary name, syncs and renames. The header is copied from `header`
// (qform, sform, units, description kept) with datatype, dims, scaling and calibration set for the data given. Header
// extensions and intent are not kept. Throws DataError if the file cannot be written, UsageError for another ending,
// and Error if sizes do not match the header.
void write_nifti(const std::filesystem::path& path, const std::vector<char>& header,
                 const std::vector<uint8_t>& labels);
void write_nifti(const std::filesystem::path& path, const std::vector<char>& header,
                 const std::vector<int16_t>& voxels);
// Writes frames x 3-D float32. frames > 1 makes a 4-D file.
void write_nifti(const std::filesystem::path& path, const std::vector<char>& header, const std::vector<float>& voxels,
                 int64_t frames);

}  // namespace revunet::io
