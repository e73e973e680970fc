#include <array>
#include <vector>

#include <fmt/ranges.h>

#include "io/dataset/layouts/dataset_layout.h"

namespace revunet::io {

// Each is defined in the file of its name.
extern const DatasetLayout nnunet, decathlon, brats_folders;

std::span<const DatasetLayout* const> dataset_layouts() {
  static constexpr std::array rows = {&nnunet, &decathlon, &brats_folders};
  return rows;
}

std::string accepted_layouts() {
  std::vector<std::string> each;
  for (const DatasetLayout* layout : dataset_layouts()) {
    each.push_back(fmt::format("{} ({})", layout->looks_like(), layout->name));
  }
  return fmt::format("{}", fmt::join(each, "; or "));
}

}  // namespace revunet::io
