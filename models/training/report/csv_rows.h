// CsvRows are the rows of a CSV file of a run, whose cells have no quotes.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/error.h"
#include "io/text/parse_number.h"

namespace revunet {

class CsvRows {
 public:
  CsvRows(const std::string& csv, const std::filesystem::path& origin) : origin_(origin.string()) {
    std::vector<std::string> lines = split(csv, '\n');
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    REVUNET_EXPECTS(!lines.empty(), DataError, "[{}] expected a header, got an empty file", origin_);
    const std::vector<std::string> names = split(lines[0], ',');
    for (size_t i = 0; i < names.size(); ++i) columns_[names[i]] = i;
    for (size_t i = 1; i < lines.size(); ++i) {
      rows_.push_back(split(lines[i], ','));
      REVUNET_EXPECTS(rows_.back().size() == names.size(), DataError, "[{}] expected {} values in line {}, got {}",
                      origin_, names.size(), i + 1, rows_.back().size());
    }
  }

  size_t count() const { return rows_.size(); }

  const std::string& text(size_t row, const std::string& column) const {
    const auto found = columns_.find(column);
    REVUNET_EXPECTS(found != columns_.end(), DataError, "[{}] expected a column {}, as revunet-train writes it",
                    origin_, column);
    return rows_[row][found->second];
  }

  bool empty(size_t row, const std::string& column) const { return text(row, column).empty(); }

  template <class Number>
  Number number(size_t row, const std::string& column) const {
    const auto value = io::parse_number<Number>(text(row, column));
    expect(value.has_value(), row, column, "a number");
    return *value;
  }

  // Returns a number that revunet-train keeps from `least` to `most`.
  double number_within(size_t row, const std::string& column, double least, double most) const {
    const auto value = number<double>(row, column);
    expect(value >= least && value <= most, row, column, fmt::format("a number from {:g} to {:g}", least, most));
    return value;
  }

  // Throws DataError with the cell's place and content unless it is as it should be.
  void expect(bool right, size_t row, const std::string& column, const std::string& wanted) const {
    REVUNET_EXPECTS(right, DataError, "[{}] expected {} under {} in line {}, got '{}'", origin_, wanted, column,
                    row + 2, text(row, column));
  }

 private:
  static std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(separator, begin), text.size());
      parts.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return parts;
  }

  std::string origin_;
  std::map<std::string, size_t> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace revunet
