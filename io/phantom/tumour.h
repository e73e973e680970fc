// The Tumour is a glioma: a necrotic core, an enhancing rim around it, and oedema that spreads along white matter.
//
// Non-obvious rule: shares overlap on purpose. Oedema covers the tumour's whole extent, core lies on it, and rim and
// necrosis share the core. The label of a voxel is the innermost share above one half.
#pragma once

#include <cstdint>

#include "io/phantom/anatomy.h"
#include "io/phantom/geometry.h"

namespace revunet::io {

// These are the labels of BraTS.
enum Label : uint8_t { label_background = 0, label_core = 1, label_oedema = 2, label_enhancing = 4 };

// These are shares at a point, each 0..1.
struct TumourShares {
  double oedema = 0;
  double core = 0;       // within oedema's extent
  double enhancing = 0;  // of core; the rest is necrotic or does not enhance
  Label label() const;
};

class Tumour {
 public:
  // The tumour grows in white matter, clear of the brain's surface. Without enhancement the whole core is label 1.
  Tumour(uint64_t key, const Anatomy& anatomy, bool enhances, double edge_width);

  // Returns where the tissue at p lay before the tumour pushed it outwards.
  Point shifted(const Point& p) const;

  // Returns the shares at p, in a brain with the given healthy tissue there.
  TumourShares shares(const Point& p, const Tissue& tissue) const;

 private:
  double edge_width_;
  bool enhances_;
  double radius_;         // of the core
  double oedema_radius_;  // from the tumour's centre
  double necrosis_;       // radius of the necrosis as a share of the core's
  Point centre_;
  Noise lobes_, bumps_, necrosis_shape_, gaps_, fingers_;
};

}  // namespace revunet::io
