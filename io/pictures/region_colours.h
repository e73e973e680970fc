// These are the colours of the regions in pictures and charts, the same everywhere. People with colour vision
// deficiencies can tell them apart: Okabe and Ito, Color Universal Design (2008).
#pragma once

#include <array>
#include <cstdint>

#include "io/dataset/regions.h"

namespace revunet::io {

// The first are for WT, TC and ET on white. The others are the same hues, lighter, for black.
inline constexpr std::array<uint32_t, region_count> kRegionColours = {0x009e73, 0x0072b2, 0xd55e00};
inline constexpr std::array<uint32_t, region_count> kRegionColoursOnBlack = {0x2fd3a0, 0x56b4ff, 0xff7f2a};

}  // namespace revunet::io
