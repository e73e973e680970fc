// These functions word memory for messages and tables: in MiB, by tag, the largest first.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <functional>
#include <numeric>
#include <span>
#include <string>

#include "engine/memory/tag.h"
#include "engine/process/host_memory.h"

namespace revunet {

// Returns the indices of all tags, those with the most bytes first. Tags with equal bytes keep their own order.
template <std::integral Bytes>
std::array<size_t, kTagCount> tags_by_size(const std::array<Bytes, kTagCount>& bytes) {
  std::array<size_t, kTagCount> order{};
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](size_t tag) { return bytes[tag]; });
  return order;
}

// Returns lines that say what is allocated, in MiB: each tag that has any, then the layers that have most.
std::string allocation_table(const std::array<size_t, kTagCount>& by_tag, std::span<const std::string> layers,
                             std::span<const size_t> by_layer);

}  // namespace revunet
