#include "io/phantom/anatomy.h"

#include <algorithm>
#include <cmath>

#include "io/phantom/random.h"

namespace revunet::io {
namespace {

// Lengths below are in half-widths of the brain, 72 mm at the default size. Frequencies are in bumps per half-width.
constexpr double cortex_thickness = 0.036;  // 2.6 mm
constexpr double sulcus_half_width = 0.011;
constexpr double sulcus_depth = 0.20;  // 14 mm
constexpr double subarachnoid_thickness = 0.010;
constexpr double vessel_radius = 0.016;
constexpr double fold_frequency = 3.5, fold_slope = 4.2;  // slope: mean steepness of the fold noise at its zero sheets
constexpr double foliation_slope = 14;
constexpr double lesion_threshold = 0.30;  // of a noise field: this makes a few per cent of the white matter
constexpr double vessel_frequency = 3.0, vessel_slope = 3.6;

constexpr Ellipsoid cerebrum = {{0, 0, 0.08}, {1.0, 1.18, 0.80}};
constexpr Ellipsoid temporal_lobe = {{0.55, 0.22, -0.32}, {0.36, 0.58, 0.30}};  // the right one
constexpr Ellipsoid cerebellum = {{0, -0.66, -0.50}, {0.66, 0.42, 0.32}};
constexpr Ellipsoid brainstem = {{0, -0.20, -0.46}, {0.18, 0.20, 0.46}};
constexpr double skull_base = -0.30;  // the middle of the cerebrum ends below this z

constexpr Ellipsoid lateral_body = {{0.13, 0.06, 0.12}, {0.075, 0.42, 0.11}};
constexpr Ellipsoid frontal_horn = {{0.14, 0.38, 0.07}, {0.075, 0.20, 0.13}};
constexpr Ellipsoid posterior_horn = {{0.25, -0.40, 0.03}, {0.08, 0.24, 0.10}};
constexpr Ellipsoid third_ventricle = {{0, 0.02, -0.06}, {0.022, 0.16, 0.13}};
constexpr Ellipsoid fourth_ventricle = {{0, -0.36, -0.48}, {0.07, 0.06, 0.10}};

constexpr Ellipsoid thalamus = {{0.13, -0.08, -0.05}, {0.10, 0.18, 0.11}};
constexpr Ellipsoid caudate = {{0.25, 0.27, 0.08}, {0.06, 0.17, 0.12}};
constexpr Ellipsoid putamen = {{0.38, 0.12, -0.03}, {0.08, 0.24, 0.13}};
constexpr Ellipsoid callosum = {{0, 0.0, 0.03}, {10.0, 0.72, 0.30}};  // where the hemispheres are joined

Point mirrored(const Point& p) {
  return {std::abs(p.x), p.y, p.z};
}

}  // namespace

Anatomy::Anatomy(uint64_t key, double edge_width)
    : edge_width_(edge_width),
      ventricle_scale_(Random(derive_key(key, 0)).uniform(0.85, 1.25)),
      surface_(derive_key(key, 1), 1.7),
      fold_(derive_key(key, 2), fold_frequency),
      foliation_(derive_key(key, 3), 5.0),
      warp_x_(derive_key(key, 4), 2.6),
      warp_y_(derive_key(key, 5), 2.6),
      warp_z_(derive_key(key, 6), 2.6),
      vessel_a_(derive_key(key, 7), vessel_frequency),
      vessel_b_(derive_key(key, 8), vessel_frequency),
      patch_(derive_key(key, 9), 3.5) {}

double Anatomy::cerebrum_distance(const Point& p) const {
  const Point q = mirrored(p);
  const double narrowing = 1 + 0.10 * std::max(q.y, 0.0) * std::max(q.y, 0.0);  // towards the frontal pole
  const double hemispheres = cerebrum.distance({q.x * narrowing, q.y, q.z});
  const double base = skull_base + 0.10 * q.y - 0.15 * q.x - q.z;  // rises to the front, sinks to the sides
  const double above_base = -smooth_min(-hemispheres, -base, 0.20);
  return smooth_min(above_base, temporal_lobe.distance(q), 0.10);
}

double Anatomy::cerebellum_distance(const Point& p) const {
  return smooth_min(cerebellum.distance(p), brainstem.distance(p), 0.08);
}

double Anatomy::depth(const Point& p) const {
  return 0.05 * surface_(p) - smooth_min(cerebrum_distance(p), cerebellum_distance(p), 0.03);
}

double Anatomy::ventricle_distance(const Point& p) const {
  const Point q = mirrored(p);
  const Point bent = {q.x - 0.10 * q.y * q.y, q.y, q.z};  // the horns diverge
  const double lateral = smooth_min(smooth_min(lateral_body.distance(bent), frontal_horn.distance(bent), 0.05),
                                    posterior_horn.distance(q), 0.05);
  const double middle = std::min(third_ventricle.distance(q), fourth_ventricle.distance(q));
  return std::min(lateral, middle) - 0.03 * (ventricle_scale_ - 1) / 0.25 + 0.03 * surface_(2.0 * p);
}

Anatomy::Sheets Anatomy::sheets(const Point& p) const {
  const double of_cerebrum = cerebrum_distance(p), of_cerebellum = cerebellum_distance(p);
  const Point warped = p + 0.10 * Point{warp_x_(p), warp_y_(p), warp_z_(p)};
  Sheets result;
  result.cleft = std::abs(of_cerebellum - of_cerebrum);
  if (of_cerebellum < of_cerebrum) {
    const Point flattened = {0.5 * warped.x, 0.9 * warped.y, 3.2 * warped.z};  // leaves lie flat
    const bool leaves = cerebellum.distance(p) < brainstem.distance(p);
    if (leaves) result.fold = std::abs(foliation_(flattened)) / foliation_slope + sulcus_half_width / 2;
    return result;
  }
  result.fold = std::abs(fold_(warped)) / fold_slope;
  if (p.z > skull_base) {
    const double into_callosum = std::max(0.0, -callosum.distance(p));  // where the fissure has ended
    result.cleft = std::min(result.cleft, std::hypot(p.x + 0.04 * surface_(p), into_callosum));
  }
  return result;
}

double Anatomy::deep_grey(const Point& p) const {
  const Point q = mirrored(p);
  const double nearest = std::min({thalamus.distance(q), caudate.distance(q), putamen.distance(q)});
  return below(nearest + 0.02 * patch_(p), 0, edge_width_);
}

// Vessels are tubes where two noise fields vanish together, near the cortex, and the sagittal sinus along the top.
double Anatomy::vessel(const Point& p, double depth) const {
  const double tube = std::hypot(vessel_a_(p), vessel_b_(p)) / vessel_slope;
  const double cortical = below(tube, vessel_radius, edge_width_) * below(depth, 0.30, 0.05);
  const bool on_top = p.z > 0.1 || std::abs(p.y) > 0.9;
  const double sinus = on_top ? below(std::hypot(p.x, depth - 0.02), 0.035, edge_width_) : 0;
  return std::max(cortical, sinus);
}

Tissue Anatomy::tissue(const Point& p, double depth, const Point& shifted) const {
  const auto [fold, cleft] = sheets(shifted);
  const double ventricle = ventricle_distance(shifted);
  const double lining = std::min(depth, cleft);  // the cortex of a cleft's walls folds like that outside
  const double folds_end = sulcus_depth + 0.16 * surface_(2.5 * shifted) + 0.10 * patch_(shifted);

  Tissue t;
  t.csf =
      std::max({below(depth, subarachnoid_thickness, edge_width_), below(cleft, sulcus_half_width, edge_width_),
                below(lining, folds_end, edge_width_) * below(fold, sulcus_half_width * ventricle_scale_, edge_width_),
                below(ventricle, 0, edge_width_)});
  const double cortex = std::max(below(lining, subarachnoid_thickness + cortex_thickness, edge_width_),
                                 below(lining, folds_end + cortex_thickness, edge_width_) *
                                     below(fold, sulcus_half_width + cortex_thickness, edge_width_));
  t.grey = (1 - t.csf) * std::max(cortex, deep_grey(shifted));
  t.white = 1 - t.csf - t.grey;
  t.vessel = vessel(p, depth);
  const double around_ventricles = below(ventricle + 0.12 * patch_(shifted), 0.05, 0.04);
  const double spots = below(lesion_threshold, patch_(2.0 * shifted), 0.10);
  t.hyperintensity = t.white * std::max(around_ventricles, spots);
  return t;
}

}  // namespace revunet::io
