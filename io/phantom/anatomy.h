// A healthy brain: what tissue fills a point. Skull-stripped: nothing lies outside the brain's surface.
//
// Non-obvious rule: folds are the zero sheets of a noise field. Where a sheet meets the surface there is a sulcus; the
// cortex lines surface and sheets alike, so grey matter winds as it does in a brain.
#pragma once

#include <cstdint>

#include "io/phantom/geometry.h"

namespace revunet::io {

// Shares of a point's volume. They add up to 1; vessel is apart, as blood is mixed in last.
struct Tissue {
  double csf = 0;  // cerebrospinal fluid
  double grey = 0;
  double white = 0;
  double vessel = 0;
  double hyperintensity = 0;  // of white matter, as the elderly have: bright on FLAIR as oedema is
};

class Anatomy {
 public:
  // edge_width: how far an edge is smeared, about a voxel.
  Anatomy(uint64_t key, double edge_width);

  // How deep p lies under the brain's surface; negative outside.
  double depth(const Point& p) const;

  // Negative inside the ventricles.
  double ventricle_distance(const Point& p) const;

  // Tissue at p, whose depth(p) is given. shifted is where the tissue at p lay before a tumour pushed it.
  Tissue tissue(const Point& p, double depth, const Point& shifted) const;

 private:
  // Distances to the nearest sheet of fluid that the cortex lines.
  struct Sheets {
    double fold = 1;   // a sulcus, of a depth that varies
    double cleft = 1;  // between the hemispheres, and between cerebrum and cerebellum: as deep as they go
  };

  double cerebrum_distance(const Point& p) const;
  double cerebellum_distance(const Point& p) const;
  Sheets sheets(const Point& p) const;
  double deep_grey(const Point& p) const;
  double vessel(const Point& p, double depth) const;

  double edge_width_;
  double ventricle_scale_;  // age: ventricles and sulci wider than average if > 1
  Noise surface_, fold_, foliation_, warp_x_, warp_y_, warp_z_, vessel_a_, vessel_b_, patch_;
};

}  // namespace revunet::io
