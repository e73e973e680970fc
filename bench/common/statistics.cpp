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

Summary summarise_ratios(const std::vector<double>& by_round, const std::vector<double>& base_by_round) {
  std::vector<double> ratios;
  for (size_t i = 0; i < by_round.size(); ++i) ratios.push_back(by_round[i] / base_by_round.at(i));
  return summarise(std::move(ratios));
}

Json to_json(const Summary& summary) {
  return {{"median", summary.median}, {"minimum", summary.minimum}, {"maximum", summary.maximum}};
}

}  // namespace revunet::bench
