#include <vector>

#include <fmt/ranges.h>

#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/layout_rows.h"

namespace revunet::io {

std::span<const DatasetLayout* const> dataset_layouts() {
  return kDatasetLayouts;
}

std::vector<std::string> known_datasets() {
  std::vector<std::string> each;
  for (const DatasetLayout* layout : dataset_layouts()) each.emplace_back(layout->datasets);
  return each;
}

std::string accepted_layouts() {
  std::vector<std::string> each;
  for (const DatasetLayout* layout : dataset_layouts()) {
    each.push_back(fmt::format("{} ({})", layout->looks_like(), layout->name));
  }
  return fmt::format("{}", fmt::join(each, "; or "));
}

}  // namespace revunet::io
