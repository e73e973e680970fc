#include "engine/memory/allocation_table.h"

#include <fmt/format.h>

#include <vector>

namespace revunet {

namespace {

constexpr size_t kMostLayers = 8;  // lines

std::string line(std::string_view name, size_t bytes) {
  return fmt::format("  {:<40}{:>10.1f} MiB\n", name, mib(bytes));
}

}  // namespace

std::string allocation_table(const std::array<size_t, kTagCount>& by_tag, std::span<const std::string> layers,
                             std::span<const size_t> by_layer) {
  std::string text = "allocated by tag:\n";
  for (const size_t tag : tags_by_size(by_tag)) {
    if (by_tag[tag]) text += line(kTagNames[tag], by_tag[tag]);
  }
  std::vector<size_t> order(by_layer.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](size_t layer) { return by_layer[layer]; });
  text += "and by layer, the largest:\n";
  for (const size_t layer : std::span(order).first(std::min(order.size(), kMostLayers))) {
    if (by_layer[layer]) text += line(layers[layer], by_layer[layer]);
  }
  text.pop_back();
  return text;
}

}  // namespace revunet
