// These are the colours of the memory's tags in pictures and charts, and the order in which they are stacked. People
// with colour vision deficiencies can tell them apart: Okabe and Ito, Color Universal Design (2008), and greys.
#pragma once

#include <array>
#include <cstdint>

#include "engine/memory/tag.h"

namespace revunet {

struct TagLayer {
  Tag tag;
  uint32_t colour;
};
// Tags that stay through a step lie at the bottom.
inline constexpr std::array<TagLayer, kTagCount> kTagLayers = {{{Tag::parameter, 0x4d4d4d},
                                                                {Tag::optimiser, 0x9a9a9a},
                                                                {Tag::communication, 0xd0d0d0},
                                                                {Tag::gradient, 0xcc79a7},
                                                                {Tag::input, 0xf0e442},
                                                                {Tag::sequence_output, 0x56b4e9},
                                                                {Tag::saved_activation, 0x0072b2},
                                                                {Tag::forward_scratch, 0x009e73},
                                                                {Tag::backward_scratch, 0xe69f00},
                                                                {Tag::workspace, 0xd55e00},
                                                                {Tag::other, 0x000000}}};

}  // namespace revunet
