#include "io/check/findings.h"

#include <algorithm>

namespace revunet::io {

const char* name_of(FindingKind kind) {
  constexpr std::array names = {"missing",    "layout",     "unreadable", "shape",       "affine",
                                "non-finite", "empty",      "constant",   "labels",      "duplicate",
                                "leakage",    "spacing",    "qform",      "orientation", "skew",
                                "tolerated",  "background", "regions",    "convention",  "field-of-view"};
  return names.at(static_cast<size_t>(kind));
}

bool is_warning(FindingKind kind) {
  return kind >= FindingKind::spacing;
}

int64_t CheckedDataset::count(bool warnings) const {
  const auto count_in = [&](const std::vector<Finding>& list) {
    return std::count_if(list.begin(), list.end(), [&](const Finding& f) { return is_warning(f.kind) == warnings; });
  };
  int64_t sum = count_in(findings);
  for (const CheckedCase& c : cases) sum += count_in(c.findings);
  return sum;
}

}  // namespace revunet::io
