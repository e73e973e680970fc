#include "io/phantom/tumour.h"

#include "engine/error.h"
#include "io/phantom/random.h"

namespace revunet::io {
namespace {

// Lengths are in half-widths of the brain, 72 mm at the default size.
constexpr double smallest_core = 0.17, largest_core = 0.30;
constexpr double least_oedema = 1.5, most_oedema = 2.1;              // radius, in radii of the core
constexpr double smallest_necrosis = 0.50, largest_necrosis = 0.70;  // radius, in radii of the core
constexpr double push = 0.28;        // how far neighbouring tissue is moved, at the centre
constexpr double clearance = 0.30;   // from the centre to the brain's surface
constexpr int max_attempts = 10000;  // about one in four succeeds

Point find_centre(Random& random, const Anatomy& anatomy) {
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    const double side = random.sign();
    const Point p = {side * random.uniform(0.28, 0.62), random.uniform(-0.65, 0.70), random.uniform(-0.05, 0.50)};
    if (anatomy.depth(p) > clearance && anatomy.ventricle_distance(p) > 0.10) return p;
  }
  throw Error("[Tumour] expected a place in white matter, got none; use another `seed`");
}

}  // namespace

Label TumourShares::label() const {
  if (core > 0.5) return enhancing > 0.5 ? label_enhancing : label_core;
  return oedema > 0.5 ? label_oedema : label_background;
}

Tumour::Tumour(uint64_t key, const Anatomy& anatomy, bool enhances, double edge_width)
    : edge_width_(edge_width),
      enhances_(enhances),
      radius_(Random(derive_key(key, 0)).uniform(smallest_core, largest_core)),
      oedema_radius_(radius_ * Random(derive_key(key, 1)).uniform(least_oedema, most_oedema)),
      necrosis_(Random(derive_key(key, 2)).uniform(smallest_necrosis, largest_necrosis)),
      lobes_(derive_key(key, 3), 0.9 / radius_),
      bumps_(derive_key(key, 4), 2.6 / radius_),
      necrosis_shape_(derive_key(key, 5), 1.5 / radius_),
      gaps_(derive_key(key, 6), 1.2 / radius_),
      fingers_(derive_key(key, 7), 1.3 / radius_) {
  Random random(derive_key(key, 8));
  centre_ = find_centre(random, anatomy);
}

Point Tumour::shifted(const Point& p) const {
  const Point from_centre = p - centre_;
  const double reach = length(from_centre) / (2 * radius_);
  return centre_ + (1 - push * std::exp(-reach * reach)) * from_centre;
}

TumourShares Tumour::shares(const Point& p, const Tissue& tissue) const {
  TumourShares s;
  const double distance = length(p - centre_);
  if (distance > 2 * oedema_radius_) return s;
  // Distances behave like mm, so that edge_width_ means the same for every tumour.
  const double core_edge = radius_ * (1 + 0.55 * lobes_(p) + 0.22 * bumps_(p));
  s.core = below(distance, core_edge, edge_width_);
  if (enhances_) {
    const double necrosis_edge = core_edge * (necrosis_ + 0.55 * necrosis_shape_(p));
    const double gap = below(0.32, gaps_(p), 0.1);  // stretches of the rim that do not enhance
    s.enhancing = (1 - below(distance, necrosis_edge, edge_width_)) * (1 - gap);
  }
  // Oedema follows white matter, stops at the cortex and does not enter fluid.
  const double spread = oedema_radius_ * (1 + 0.75 * lobes_(p) + 0.6 * fingers_(p) + 0.15 * bumps_(p));
  const double resistance = 0.10 * tissue.grey;
  const double infiltration = 0.03;  // half-widths over which oedema fades
  s.oedema = below(distance + resistance, spread, edge_width_ + infiltration) * (1 - tissue.csf);
  s.oedema = std::fmax(s.oedema, s.core);
  return s;
}

}  // namespace revunet::io
