#include "tools/report/run_log.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "engine/error.h"

namespace revunet::tools {

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
    const std::string& text = cell(row, column);
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    REVUNET_EXPECTS(error == std::errc() && end == text.data() + text.size(), DataError,
                    "[{}] expected a number under {} in line {}, got '{}'", origin_, column, row + 2, text);
    return value;
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

constexpr std::array<const char*, io::region_count> kLossColumns = {"loss_wt", "loss_tc", "loss_et"};
constexpr std::array<const char*, io::region_count> kDiceColumns = {"dice_wt", "dice_tc", "dice_et"};

EpochRecord record_of(const Rows& rows, size_t i) {
  EpochRecord r;
  r.epoch = rows.number<int64_t>(i, "epoch");
  r.step = rows.number<int64_t>(i, "step");
  r.learning_rate = rows.number<double>(i, "learning_rate");
  for (size_t k = 0; k < r.loss.size(); ++k) r.loss[k] = rows.number<double>(i, kLossColumns[k]);
  for (size_t k = 0; k < r.dice.size(); ++k) {
    if (!rows.empty(i, kDiceColumns[k])) r.dice[k] = rows.number<double>(i, kDiceColumns[k]);
  }
  r.training_seconds = rows.number<double>(i, "training_seconds");
  r.waiting_seconds = rows.number<double>(i, "waiting_seconds");
  r.validation_seconds = rows.number<double>(i, "validation_seconds");
  r.memory.peak_allocated = rows.number<size_t>(i, "peak_allocated_bytes");
  r.memory.peak_reserved = rows.number<size_t>(i, "peak_reserved_bytes");
  for (size_t tag = 0; tag < kTagCount; ++tag) {
    r.memory.at_peak[tag] = rows.number<size_t>(i, fmt::format("peak_{}_bytes", kTagNames[tag]));
  }
  return r;
}

}  // namespace

std::vector<EpochRecord> parse_log(const std::string& csv, const std::filesystem::path& origin) {
  const Rows rows(csv, origin);
  std::vector<EpochRecord> records;
  for (size_t i = 0; i < rows.count(); ++i) records.push_back(record_of(rows, i));
  return records;
}

const EpochRecord* best_epoch(const std::vector<EpochRecord>& log) {
  const bool validated = std::ranges::any_of(log, [](const EpochRecord& r) { return r.mean_dice().has_value(); });
  const EpochRecord* best = nullptr;
  for (const EpochRecord& r : log) {
    if (validated && !r.mean_dice()) continue;
    const auto score = [&](const EpochRecord& e) { return e.mean_dice().value_or(-e.total_loss()); };
    if (!best || score(r) > score(*best)) best = &r;
  }
  return best;
}

}  // namespace revunet::tools
