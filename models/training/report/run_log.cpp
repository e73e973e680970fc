#include "models/training/report/run_log.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "models/training/report/csv_rows.h"

namespace revunet {

namespace {

constexpr double kLongest = 1e12;  // seconds: more than 30,000 years
constexpr double kLargestRate = 1e300;

EpochRecord record_of(const CsvRows& rows, size_t i, const io::TaskPointer& task) {
  EpochRecord r;
  r.task = task;
  r.epoch = rows.number<int64_t>(i, "epoch");
  r.step = rows.number<int64_t>(i, "step");
  r.learning_rate = rows.number_within(i, "learning_rate", 0, kLargestRate);
  for (const std::string& loss : columns_of("loss", loss_names(*task))) r.loss.push_back(rows.number<double>(i, loss));
  for (const std::string& dice : columns_of("dice", task->region_names())) {
    r.dice.push_back(rows.empty(i, dice) ? std::nullopt : std::optional(rows.number_within(i, dice, 0, 1)));
  }
  r.training_seconds = rows.number_within(i, "training_seconds", 0, kLongest);
  r.waiting_seconds = rows.number_within(i, "waiting_seconds", 0, r.training_seconds);
  r.validation_seconds = rows.number_within(i, "validation_seconds", 0, kLongest);
  r.memory.peak_allocated = rows.number<size_t>(i, "peak_allocated_bytes");
  r.memory.peak_reserved = rows.number<size_t>(i, "peak_reserved_bytes");
  for (size_t tag = 0; tag < kTagsOfOneProcess; ++tag) {
    r.memory.at_peak[tag] = rows.number<size_t>(i, fmt::format("peak_{}_bytes", kTagNames[tag]));
  }
  return r;
}

}  // namespace

std::vector<EpochRecord> parse_log(const std::string& csv, const std::filesystem::path& origin,
                                   const io::TaskPointer& task) {
  const CsvRows rows(csv, origin);
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
