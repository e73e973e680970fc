#include "io/scores/matching.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

namespace revunet::io {
namespace {

// Returns, for each row, the column that it is assigned to at the least total cost. There are at most as many rows as
// columns. This is the Hungarian method with potentials: rows are added one by one, each by a shortest path over
// reduced costs.
class Assignment {
 public:
  Assignment(const std::vector<double>& costs, size_t rows, size_t columns)
      : costs_(costs),
        columns_(columns),
        row_potential_(rows + 1),
        column_potential_(columns + 1),
        row_of_(columns + 1) {
    for (size_t row = 1; row <= rows; ++row) add(row);
  }

  // Columns are numbered from 1; the entry is the row, from 1, or 0 for a column without one.
  const std::vector<size_t>& row_of_columns() const { return row_of_; }

 private:
  double reduced(size_t row, size_t column) const {
    return costs_[(row - 1) * columns_ + column - 1] - row_potential_[row] - column_potential_[column];
  }

  void add(size_t row) {
    std::vector<double> least(columns_ + 1, std::numeric_limits<double>::infinity());
    std::vector<size_t> before(columns_ + 1);
    std::vector<bool> reached(columns_ + 1);
    row_of_[0] = row;  // column 0 stands for the start
    size_t at = 0;
    while (row_of_[at] != 0) {
      reached[at] = true;
      size_t next = 0;
      for (size_t column = 1; column <= columns_; ++column) {
        if (reached[column]) continue;
        const double cost = reduced(row_of_[at], column);
        if (cost < least[column]) {
          least[column] = cost;
          before[column] = at;
        }
        if (next == 0 || least[column] < least[next]) next = column;
      }
      shift(reached, least, least[next]);
      at = next;
    }
    for (; at != 0; at = before[at]) row_of_[at] = row_of_[before[at]];
  }

  void shift(const std::vector<bool>& reached, std::vector<double>& least, double by) {
    for (size_t column = 0; column <= columns_; ++column) {
      if (reached[column]) {
        row_potential_[row_of_[column]] += by;
        column_potential_[column] -= by;
      } else {
        least[column] -= by;
      }
    }
  }

  const std::vector<double>& costs_;
  size_t columns_;
  std::vector<double> row_potential_, column_potential_;
  std::vector<size_t> row_of_;
};

int32_t root(std::vector<int32_t>& parents, int32_t element) {
  while (parents[element] != element) element = parents[element] = parents[parents[element]];
  return element;
}

// Returns the pairs in groups that share no element.
std::vector<std::vector<WeightedPair>> groups_of(const std::vector<WeightedPair>& pairs) {
  int32_t left = 0, right = 0;
  for (const WeightedPair& p : pairs) left = std::max(left, p.left + 1), right = std::max(right, p.right + 1);
  std::vector<int32_t> parents(left + right);
  std::iota(parents.begin(), parents.end(), 0);
  for (const WeightedPair& p : pairs) {
    const int32_t a = root(parents, p.left), b = root(parents, left + p.right);
    parents[std::max(a, b)] = std::min(a, b);
  }
  std::map<int32_t, std::vector<WeightedPair>> groups;
  for (const WeightedPair& p : pairs) groups[root(parents, p.left)].push_back(p);
  std::vector<std::vector<WeightedPair>> result;
  for (auto& [first, group] : groups) result.push_back(std::move(group));
  return result;
}

// Numbers the elements of one side of a group from 0.
std::map<int32_t, size_t> numbers_of(const std::vector<WeightedPair>& pairs, int32_t WeightedPair::*side) {
  std::map<int32_t, size_t> numbers;
  for (const WeightedPair& p : pairs) numbers.emplace(p.*side, 0);
  size_t next = 0;
  for (auto& [element, number] : numbers) number = next++;
  return numbers;
}

void add_matching_of(const std::vector<WeightedPair>& pairs, std::vector<WeightedPair>& matching) {
  const auto lefts = numbers_of(pairs, &WeightedPair::left), rights = numbers_of(pairs, &WeightedPair::right);
  const bool left_is_row = lefts.size() <= rights.size();
  const size_t rows = std::min(lefts.size(), rights.size()), columns = std::max(lefts.size(), rights.size());
  const auto place_of = [&](const WeightedPair& p) {
    const size_t l = lefts.at(p.left), r = rights.at(p.right);
    return left_is_row ? l * columns + r : r * columns + l;
  };
  std::vector<double> costs(rows * columns);  // 0 where there is no pair: it is as good as none
  for (const WeightedPair& p : pairs) costs[place_of(p)] = -p.weight;
  const Assignment assignment(costs, rows, columns);
  for (const WeightedPair& p : pairs) {
    const size_t row = place_of(p) / columns, column = place_of(p) % columns;
    if (assignment.row_of_columns()[column + 1] == row + 1) matching.push_back(p);
  }
}

}  // namespace

std::vector<WeightedPair> heaviest_matching(const std::vector<WeightedPair>& pairs) {
  std::vector<WeightedPair> matching;
  for (const std::vector<WeightedPair>& group : groups_of(pairs)) add_matching_of(group, matching);
  std::sort(matching.begin(), matching.end(), [](const auto& p, const auto& q) { return p.left < q.left; });
  return matching;
}

}  // namespace revunet::io
