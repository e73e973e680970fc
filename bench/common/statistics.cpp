#include "bench/common/statistics.h"

#include <algorithm>

#include "engine/error.h"

namespace revunet::bench {

Summary summarise(std::vector<double> values) {
  REVUNET_EXPECTS(!values.empty(), Error, "[bench] expected at least one measurement, got none");
  std::ranges::sort(values);
  const size_t n = values.size();
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back()};
}

Json to_json(const Summary& summary) {
  return {{"median", summary.median}, {"minimum", summary.minimum}, {"maximum", summary.maximum}};
}

}  // namespace revunet::bench
