// This is a table for the terminal. The first column is aligned left, and numbers are aligned right.
#pragma once

#include <string>
#include <vector>

namespace revunet::bench {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}

  // Throws Error unless there are as many cells as the header has.
  void add_row(std::vector<std::string> cells);
  std::string to_string() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace revunet::bench
