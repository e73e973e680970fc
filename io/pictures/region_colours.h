// These are the colours of regions in pictures and charts, the same everywhere. People with colour vision deficiencies
// can tell the first eight apart: Okabe and Ito, Color Universal Design (2008). Further regions have them again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace revunet::io {

// The first are on white. The others are the same hues, lighter, for black.
inline constexpr std::array<uint32_t, 8> kRegionColours = {0x009e73, 0x0072b2, 0xd55e00, 0xcc79a7,
                                                           0xe69f00, 0x56b4e9, 0xb8a800, 0x555555};
inline constexpr std::array<uint32_t, 8> kRegionColoursOnBlack = {0x2fd3a0, 0x56b4ff, 0xff7f2a, 0xe7a3c9,
                                                                  0xffc03d, 0x9bd4f5, 0xf0e442, 0xbbbbbb};

constexpr uint32_t region_colour(size_t region) {
  return kRegionColours[region % kRegionColours.size()];
}
constexpr uint32_t region_colour_on_black(size_t region) {
  return kRegionColoursOnBlack[region % kRegionColoursOnBlack.size()];
}

}  // namespace revunet::io
