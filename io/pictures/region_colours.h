// These are the colours of regions in pictures and charts, the same everywhere. People with colour vision deficiencies
// can tell the first six apart: Okabe and Ito, Color Universal Design (2008). Further regions have them again.
#pragma once

#include <array>
#include <cstdint>

namespace revunet::io {

// The first are on white. The others are the same hues, lighter, for black.
using RegionColours = std::array<uint32_t, 6>;
inline constexpr RegionColours kRegionColours = {0x009e73, 0x0072b2, 0xd55e00, 0xcc79a7, 0xe69f00, 0x56b4e9};
inline constexpr RegionColours kRegionColoursOnBlack = {0x2fd3a0, 0x56b4ff, 0xff7f2a, 0xe7a3c9, 0xffb833, 0x9bd4f5};

}  // namespace revunet::io
