#include "tools/train/split.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/rng.h"
#include "tools/train/streams.h"

namespace revunet::tools {

namespace {

std::vector<size_t> shuffled(size_t count, Rng rng) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[static_cast<size_t>(rng.below(static_cast<int64_t>(i)))]);
  return order;
}

}  // namespace

Split split_cases(std::vector<io::CaseFiles> cases, double validation_fraction, uint64_t seed) {
  for (const io::CaseFiles& c : cases) {
    REVUNET_EXPECTS(c.segmentation, DataError,
                    "[{}] expected a segmentation {}_seg.nii.gz to train on, got none; add it or move the case away",
                    c.name, c.name);
  }
  const size_t count = cases.size();
  auto validating = static_cast<size_t>(std::lround(validation_fraction * static_cast<double>(count)));
  if (validation_fraction > 0) validating = std::max<size_t>(validating, 1);
  validating = std::min(validating, count - 1);

  std::vector<size_t> order = shuffled(count, Rng(seed, kSplitStream));
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(validating));
  std::sort(order.begin() + static_cast<std::ptrdiff_t>(validating), order.end());
  Split split;
  for (size_t i = 0; i < count; ++i) {
    (i < validating ? split.validation : split.training).push_back(std::move(cases[order[i]]));
  }
  return split;
}

std::string to_json(const Split& split) {
  const auto names = [](const std::vector<io::CaseFiles>& cases) {
    std::vector<std::string> list;
    for (const io::CaseFiles& c : cases) list.push_back(c.name);
    return list;
  };
  return nlohmann::json{{"training", names(split.training)}, {"validation", names(split.validation)}}.dump(2) + "\n";
}

std::vector<size_t> epoch_order(size_t count, uint64_t seed, int64_t epoch) {
  return shuffled(count, Rng(seed, kOrderStream + static_cast<uint64_t>(epoch)));
}

}  // namespace revunet::tools
