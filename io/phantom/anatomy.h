// The Anatomy is a healthy brain: it says what tissue fills a point. It is skull-stripped: nothing lies outside the
// brain's surface.
//
// Non-obvious rule: folds are the zero sheets of a noise field. Where a sheet meets the surface there is a sulcus. The
// cortex lines surface and sheets alike, so grey matter winds as it does in a brain.
#pragma once

#include <cstdint>

#include "io/phantom/geometry.h"

namespace revunet::io {

// These are shares of a point's volume. They add up to 1, except that vessel is apart, because blood is mixed in last.
struct Tissue {
  double csf = 0;  // cerebrospinal fluid
  double grey = 0;
  double white = 0;
  double vessel = 0;
  double hyperintensity = 0;  // of white matter, as in the elderly; bright on FLAIR like oedema
};

class Anatomy {
 public:
  // edge_width says how far an edge is smeared, about a voxel.
  Anatomy(uint64_t key, double edge_width);

  // Returns how deep p lies under the brain's surface. It is negative outside.
  double depth(const Point& p) const;

  // Returns the distance to the ventricles, which is negative inside them.
  double ventricle_distance(const Point& p) const;

  // Returns the tissue at p, whose depth(p) is given. shifted is where the tissue at p lay before a tumour pushed it.
  Tissue tissue(const Point& p, double depth, const Point& shifted) const;

 private:
  // Sheets has the distances to the nearest sheet of fluid that the cortex lines.
  struct Sheets {
    double fold = 1;   // a sulcus, of a depth that varies
    double cleft = 1;  // between the hemispheres, and between cerebrum and cerebellum; it reaches as deep as they do
  };

  double cerebrum_distance(const Point& p) const;
  double cerebellum_distance(const Point& p) const;
  Sheets sheets(const Point& p) const;
  double deep_grey(const Point& p) const;
  double vessel(const Point& p, double depth) const;

  double edge_width_;
  double ventricle_scale_;  // age: above 1, ventricles and sulci are wider than average
  Noise surface_, fold_, foliation_, warp_x_, warp_y_, warp_z_, vessel_a_, vessel_b_, patch_;
};

}  // namespace revunet::io
