#include "models/training/run_folder/epoch_record.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "engine/error.h"
#include "io/text/durations.h"
#include "io/text/lower_case.h"

namespace revunet {

namespace {

constexpr double kLong = 1000;  // seconds from which on a duration is easier to read as a clock

std::string in_words(double seconds) {
  return seconds < kLong ? fmt::format("{:.1f} s", seconds) : io::format_duration(seconds);
}

}  // namespace

std::vector<std::string> columns_of(const std::string& what, const std::vector<std::string>& names) {
  std::vector<std::string> columns;
  for (const std::string& name : names) {
    std::string column = what + "_" + io::lower_case(name);
    std::ranges::replace_if(
        column, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    const std::string first = column;
    for (int number = 2; std::ranges::count(columns, column) > 0; ++number)
      column = fmt::format("{}_{}", first, number);
    columns.push_back(column);
  }
  return columns;
}

std::string csv_header(const io::Task& task) {
  std::string header =
      fmt::format("epoch,step,learning_rate,loss,{},{}", fmt::join(columns_of("loss", loss_names(task)), ","),
                  fmt::join(columns_of("dice", task.region_names()), ","));
  header += ",training_seconds,waiting_seconds,validation_seconds,peak_allocated_bytes,peak_reserved_bytes";
  for (size_t tag = 0; tag < kTagsOfOneProcess; ++tag) header += fmt::format(",peak_{}_bytes", kTagNames[tag]);
  return header + '\n';
}

std::string csv_row(const EpochRecord& r) {
  const size_t losses = loss_names(*r.task).size(), regions = r.task->regions().size();
  REVUNET_EXPECTS(r.loss.size() == losses && (r.dice.empty() || r.dice.size() == regions), Error,
                  "[log] expected {} losses and {} Dice, got {} and {}", losses, regions, r.loss.size(), r.dice.size());
  std::string row = fmt::format("{},{},{:g},{:.6f}", r.epoch, r.step, r.learning_rate, r.total_loss());
  for (const double loss : r.loss) row += fmt::format(",{:.6f}", loss);
  for (size_t i = 0; i < regions; ++i) {
    row += !r.dice.empty() && r.dice[i] ? fmt::format(",{:.6f}", *r.dice[i]) : ",";
  }
  return row + fmt::format(",{:.3f},{:.3f},{:.3f},{},{},{}\n", r.training_seconds, r.waiting_seconds,
                           r.validation_seconds, r.memory.peak_allocated, r.memory.peak_reserved,
                           fmt::join(std::span(r.memory.at_peak).first(kTagsOfOneProcess), ","));
}

std::string describe(const EpochRecord& r, int64_t epochs, bool best) {
  std::string line = fmt::format("epoch {}/{}  loss {:.4f}", r.epoch, epochs, r.total_loss());
  if (r.mean_dice()) {
    line += "  Dice";
    for (size_t i = 0; i < r.dice.size(); ++i) {
      line += fmt::format(" {} {}", r.task->regions()[i].name, r.dice[i] ? fmt::format("{:.3f}", *r.dice[i]) : "-");
    }
  }
  return line + fmt::format("  {} ({} waiting){}", in_words(r.training_seconds + r.validation_seconds),
                            in_words(r.waiting_seconds), best ? "  best" : "");
}

}  // namespace revunet
