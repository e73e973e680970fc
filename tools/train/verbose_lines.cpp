#include "tools/train/verbose_lines.h"

#include <spdlog/spdlog.h>

#include <sstream>

#include "io/text/printable.h"

namespace revunet::tools {

namespace {

void log_cases(const std::string& part, const std::vector<io::CaseFiles>& cases) {
  for (const io::CaseFiles& c : cases) spdlog::debug("{} case {}", part, io::printable_line(c.name));
}

}  // namespace

void log_start(const std::string& configuration, const Split& split) {
  std::istringstream lines(configuration);
  for (std::string line; std::getline(lines, line);) spdlog::debug("option {}", line);
  log_cases("training", split.training);
  log_cases("validation", split.validation);
}

void VerboseLines::on_step(int64_t step, const RegionValues& losses) {
  spdlog::debug("step {}  loss {:.4f} ({})", step, sum_of(losses),
                by_name(loss_names(*split_.training.front().task()), losses, 4));
}

void VerboseLines::on_validation_case(const ValidatedCase& c) {
  const io::CaseFiles& files = split_.validation[c.index];
  spdlog::debug("epoch {}  validation case {}  Dice {}", c.epoch, io::printable_line(files.name),
                by_name(files.task()->region_names(), c.dice, 4));
}

}  // namespace revunet::tools
