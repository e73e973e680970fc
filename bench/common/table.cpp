#include "bench/common/table.h"

#include <algorithm>

#include "engine/error.h"

namespace revunet::bench {

void Table::add_row(std::vector<std::string> cells) {
  REVUNET_EXPECTS(cells.size() == rows_.front().size(), Error, "[table] expected {} cells, got {}",
                  rows_.front().size(), cells.size());
  rows_.push_back(std::move(cells));
}

std::string Table::to_string() const {
  std::vector<size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows_) {
    text += fmt::format("{:<{}}", row[0], widths[0]);
    for (size_t i = 1; i < widths.size(); ++i) text += fmt::format("  {:>{}}", row[i], widths[i]);
    text += '\n';
  }
  return text;
}

}  // namespace revunet::bench
