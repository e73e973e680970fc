#include "io/nifti/nifti_fields.h"

#include <nifti2_io.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace revunet::io {
namespace {

static_assert(sizeof(nifti_1_header) == nifti_1_header_bytes && sizeof(nifti_2_header) == nifti_2_header_bytes,
              "the sizes that the two standards fix");

// This goes element by element, because nifti_2_header is packed, so no reference to a member may be formed.
template <typename Header>
NiftiFields fields_of(std::span<const char> bytes) {
  Header h;
  std::memcpy(&h, bytes.data(), sizeof h);
  NiftiFields f;
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

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

}  // namespace

NiftiFields nifti_fields(std::span<const char> header) {
  const bool version_2 = std::ssize(header) == nifti_2_header_bytes;
  return version_2 ? fields_of<nifti_2_header>(header) : fields_of<nifti_1_header>(header);
}

bool qform_is_finite(const NiftiFields& f) {
  return all_finite(f.quatern) && all_finite(f.qoffset);
}

bool sform_is_finite(const NiftiFields& f) {
  return std::ranges::all_of(f.srow, [](const auto& row) { return all_finite(row); });
}

}  // namespace revunet::io
