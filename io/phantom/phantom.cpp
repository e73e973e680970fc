#include "io/phantom/phantom.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "io/phantom/anatomy.h"
#include "io/phantom/geometry.h"
#include "io/phantom/random.h"
#include "io/phantom/tumour.h"
#include "io/task/brats_task.h"

namespace revunet::io {
namespace {

// A brain of 240 x 240 x 155 BraTS images lies here, in shares of the image: its middle, and a half-width along each
// axis.
constexpr Point middle = {0.495, 0.53, 0.475};
constexpr Point half_width = {0.300, 0.300, 0.4645};  // 72 mm

// These are keys of independent sequences under a case's key.
enum RandomSequence : uint64_t { sequence_pose, sequence_anatomy, sequence_tumour, sequence_modality };

// Intensities are relative, in the order of BraTS's modalities. About 1 is the brightest healthy tissue on T1.
struct Contrast {
  double csf, grey, white, vessel, hyperintensity, oedema, core, rim;
};
constexpr std::array<Contrast, 4> contrasts = {{
    {0.22, 0.62, 0.88, 0.50, 0.80, 0.66, 0.46, 0.60},  // t1
    {0.25, 0.66, 0.86, 1.40, 0.80, 0.68, 0.50, 1.30},  // t1ce
    {1.65, 0.98, 0.70, 0.35, 1.05, 1.35, 1.40, 1.12},  // t2
    {0.15, 0.94, 0.78, 0.40, 1.13, 1.15, 0.90, 1.05},  // flair
}};

// A Scan is what a scanner adds, drawn for each modality of a case.
struct Scan {
  Contrast contrast;
  double scale;  // int16 units for a relative intensity of 1
  double bias_amplitude;
  double noise;  // standard deviation of either channel, as relative intensity
  Noise bias, texture;
  uint64_t noise_key;

  Scan(uint64_t key, Contrast base)
      : contrast(base), bias(derive_key(key, 0), 0.7), texture(derive_key(key, 1), 7.0), noise_key(derive_key(key, 2)) {
    Random random(derive_key(key, 3));
    scale = 150 * std::pow(6.0, random.uniform(0, 1));  // 150 to 900: units of MRI are arbitrary
    bias_amplitude = random.uniform(0.30, 0.55);
    noise = random.uniform(0.025, 0.045);
    for (double* value : {&contrast.csf, &contrast.grey, &contrast.white, &contrast.vessel, &contrast.oedema,
                          &contrast.core, &contrast.rim}) {
      *value *= random.uniform(0.95, 1.05);
    }
  }

  int16_t intensity(const Point& p, const Tissue& tissue, const TumourShares& tumour, uint64_t voxel) const {
    double value = contrast.csf * tissue.csf + contrast.grey * tissue.grey + contrast.white * tissue.white;
    value = mix(value, contrast.hyperintensity, tissue.hyperintensity);
    value = mix(value, contrast.vessel, tissue.vessel);
    const double uneven = texture(p);
    value = mix(value, contrast.oedema * (1 + 0.12 * uneven), tumour.oedema);
    value = mix(value, mix(contrast.core, contrast.rim, tumour.enhancing) * (1 + 0.25 * uneven), tumour.core);
    value *= (1 + 0.06 * uneven) * (1 + bias_amplitude * bias(p));
    const auto [real, imaginary] = normal_pair(noise_key, voxel);
    const double magnitude = std::hypot(value + noise * real, noise * imaginary);         // Rician
    return static_cast<int16_t>(std::clamp(std::lround(magnitude * scale), 1l, 32767l));  // 0 means outside the brain
  }
};

// A Pose turns voxel indices into the anatomy's coordinates, with a little variation of size, place and tilt.
class Pose {
 public:
  Pose(uint64_t key, const std::array<int64_t, 3>& size) {
    Random random(key);
    const auto extent = [&](size_t axis) { return static_cast<double>(size[axis]); };
    const double shift = 0.012;  // share of the image
    scale_ = {random.uniform(0.95, 1.04) * half_width.x * extent(0),
              random.uniform(0.95, 1.04) * half_width.y * extent(1),
              random.uniform(0.95, 1.03) * half_width.z * extent(2)};
    origin_ = {(middle.x + random.uniform(-shift, shift)) * extent(0) - 0.5,
               (middle.y + random.uniform(-shift, shift)) * extent(1) - 0.5,
               (middle.z + random.uniform(-shift, shift)) * extent(2) - 0.5};
    const double angle = random.uniform(-0.06, 0.06);  // radians, in the axial plane
    cosine_ = std::cos(angle);
    sine_ = std::sin(angle);
  }

  Point point(int64_t x, int64_t y, int64_t z) const {
    const Point q = {(static_cast<double>(x) - origin_.x) / scale_.x, (static_cast<double>(y) - origin_.y) / scale_.y,
                     (static_cast<double>(z) - origin_.z) / scale_.z};
    return {cosine_ * q.x - sine_ * q.y, sine_ * q.x + cosine_ * q.y, q.z};
  }

  // Returns the length of a voxel's longest side in the anatomy's units.
  double voxel() const { return 1 / std::min({scale_.x, scale_.y, scale_.z}); }

 private:
  Point scale_, origin_;
  double cosine_, sine_;
};

}  // namespace

bool phantom_enhances(int64_t index) {
  return index % 5 != 3;
}

void check_phantom_size(const std::array<int64_t, 3>& size) {
  for (const int64_t extent : size) {
    REVUNET_EXPECTS(extent >= smallest_phantom && extent <= largest_phantom, UsageError,
                    "[phantom] expected a size of {} to {} voxels along each axis, got {},{},{}; choose another `size`",
                    smallest_phantom, largest_phantom, size[0], size[1], size[2]);
  }
}

PhantomCase make_phantom(const std::array<int64_t, 3>& size, uint64_t seed, int64_t index) {
  check_phantom_size(size);
  const uint64_t key = derive_key(seed, static_cast<uint64_t>(index));
  const Pose pose(derive_key(key, sequence_pose), size);
  const Anatomy anatomy(derive_key(key, sequence_anatomy), pose.voxel());
  const Tumour tumour(derive_key(key, sequence_tumour), anatomy, phantom_enhances(index), pose.voxel());
  std::vector<Scan> scans;
  for (size_t m = 0; m < contrasts.size(); ++m)
    scans.emplace_back(derive_key(key, sequence_modality + m), contrasts[m]);

  PhantomCase result{size, {}, {}};
  const size_t voxels = static_cast<size_t>(size[0] * size[1] * size[2]);
  for (auto& modality : result.modalities) modality.resize(voxels);
  result.labels.resize(voxels);
#pragma omp parallel for schedule(dynamic)
  for (int64_t z = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      for (int64_t x = 0; x < size[0]; ++x) {
        const Point p = pose.point(x, y, z);
        const double depth = anatomy.depth(p);
        if (depth <= 0) continue;
        const size_t voxel = static_cast<size_t>(x + size[0] * (y + size[1] * z));
        const Tissue tissue = anatomy.tissue(p, depth, tumour.shifted(p));
        const TumourShares shares = tumour.shares(p, tissue);
        result.labels[voxel] = shares.label();
        for (size_t m = 0; m < scans.size(); ++m) {
          result.modalities[m][voxel] = scans[m].intensity(p, tissue, shares, voxel);
        }
      }
    }
  }
  return result;
}

std::string phantom_name(int64_t index) {
  return fmt::format("Phantom_{:03}", index + 1);
}

void write_phantom(const std::filesystem::path& folder, const std::string& name, const PhantomCase& phantom) {
  const std::filesystem::path place = folder / name;
  std::error_code failure;
  REVUNET_EXPECTS(std::filesystem::create_directory(place, failure), DataError,
                  "[{}] expected to make this folder, got {}; choose another `out` or remove the case", place.string(),
                  failure ? failure.message() : "a folder that is there already");
  const std::vector<char> header = make_nifti_header(phantom.size, {1, 1, 1});
  for (size_t m = 0; m < phantom.modalities.size(); ++m) {
    const std::string& modality = brats_task()->modalities()[m];
    write_nifti(place / fmt::format("{}_{}.nii.gz", name, modality), header, phantom.modalities[m]);
  }
  write_nifti(place / fmt::format("{}_seg.nii.gz", name), header, phantom.labels);
}

}  // namespace revunet::io
