#include "models/training/report/run_log.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/error.h"
#include "io/text/parse_number.h"

namespace revunet {

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

class Rows {
 public:
  Rows(const std::string& csv, const std::filesystem::path& origin) : origin_(origin.string()) {
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

  bool empty(size_t row, const std::string& column) const { return cell(row, column).empty(); }

  template <class Number>
  Number number(size_t row, const std::string& column) const {
    const auto value = io::parse_number<Number>(cell(row, column));
    expect(value.has_value(), row, column, "a number");
    return *value;
  }

  // Throws DataError with the cell's place and content unless it is as it should be.
  void expect(bool right, size_t row, const std::string& column, const std::string& wanted) const {
    REVUNET_EXPECTS(right, DataError, "[{}] expected {} under {} in line {}, got '{}'", origin_, wanted, column,
                    row + 2, cell(row, column));
  }

 private:
  const std::string& cell(size_t row, const std::string& column) const {
    const auto found = columns_.find(column);
    REVUNET_EXPECTS(found != columns_.end(), DataError, "[{}] expected a column {}, as revunet-train writes it",
                    origin_, column);
    return rows_[row][found->second];
  }

  std::string origin_;
  std::map<std::string, size_t> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Returns the number under a column. revunet-train keeps it from `least` to `most`.
double number_within(const Rows& rows, size_t i, const std::string& column, double least, double most) {
  const auto value = rows.number<double>(i, column);
  rows.expect(value >= least && value <= most, i, column, fmt::format("a number from {:g} to {:g}", least, most));
  return value;
}

constexpr double kLongest = 1e12;  // seconds: more than 30,000 years
constexpr double kLargestRate = 1e300;

EpochRecord record_of(const Rows& rows, size_t i, const io::TaskPointer& task) {
  EpochRecord r;
  r.task = task;
  r.epoch = rows.number<int64_t>(i, "epoch");
  r.step = rows.number<int64_t>(i, "step");
  r.learning_rate = number_within(rows, i, "learning_rate", 0, kLargestRate);
  for (const std::string& loss : columns_of("loss", loss_names(*task))) r.loss.push_back(rows.number<double>(i, loss));
  for (const std::string& dice : columns_of("dice", task->region_names())) {
    r.dice.push_back(rows.empty(i, dice) ? std::nullopt : std::optional(number_within(rows, i, dice, 0, 1)));
  }
  r.training_seconds = number_within(rows, i, "training_seconds", 0, kLongest);
  r.waiting_seconds = number_within(rows, i, "waiting_seconds", 0, r.training_seconds);
  r.validation_seconds = number_within(rows, i, "validation_seconds", 0, kLongest);
  r.memory.peak_allocated = rows.number<size_t>(i, "peak_allocated_bytes");
  r.memory.peak_reserved = rows.number<size_t>(i, "peak_reserved_bytes");
  for (size_t tag = 0; tag < kTagCount; ++tag) {
    r.memory.at_peak[tag] = rows.number<size_t>(i, fmt::format("peak_{}_bytes", kTagNames[tag]));
  }
  return r;
}

}  // namespace

std::vector<EpochRecord> parse_log(const std::string& csv, const std::filesystem::path& origin,
                                   const io::TaskPointer& task) {
  const Rows rows(csv, origin);
  std::vector<EpochRecord> records;
  for (size_t i = 0; i < rows.count(); ++i) {
    records.push_back(record_of(rows, i, task));
    const int64_t before = i == 0 ? 0 : records[i - 1].epoch;
    rows.expect(records[i].epoch > before, i, "epoch", fmt::format("an epoch after {}", before));
  }
  return records;
}

const EpochRecord* best_epoch(const std::vector<EpochRecord>& log) {
  const bool validated = std::ranges::any_of(log, [](const EpochRecord& r) { return r.mean_dice().has_value(); });
  const EpochRecord* best = nullptr;
  for (const EpochRecord& r : log) {
    if (validated && !r.mean_dice()) continue;
    const auto score = [&](const EpochRecord& e) { return e.mean_dice().value_or(-e.total_loss()); };
    if (!best || score(r) > score(*best) || std::isnan(score(*best))) best = &r;
  }
  return best;
}

}  // namespace revunet
