// A MaskBox is the part of a grid that masks occupy. Work on masks is cut down to it.
//
// Non-obvious rule: masks are non-zero inside, x fastest: index = x + X * (y + Y * z). What lies outside a mask's box
// is background, so edges, distances and components within the box are those of the whole grid.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "io/nifti/grid.h"
#include "io/nifti/volume_size.h"

namespace revunet::io {

using Index3 = Size3;

// Throws Error where a mask's length is not the product of size, or a spacing is not positive and finite.
void expect_one_grid(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size,
                     const Spacing3& spacing);

struct MaskBox {
  Index3 low{};   // first voxel
  Index3 size{};  // all zero where both masks are empty
  bool empty() const { return voxels_in(size) == 0; }
};

// Returns the smallest box that holds every voxel of both masks.
MaskBox bounding_box(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size);

// Returns the mask's voxels inside the box.
std::vector<uint8_t> crop(std::span<const uint8_t> mask, const MaskBox& box, const Index3& size);

}  // namespace revunet::io
