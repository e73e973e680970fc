#include "tools/train/verbose_lines.h"

#include <spdlog/spdlog.h>

#include <sstream>

#include "io/text/printable.h"

namespace revunet::tools {

namespace {

std::string by_region(const RegionValues& values) {
  return fmt::format("WT {:.4f}, TC {:.4f}, ET {:.4f}", values[0], values[1], values[2]);
}

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
  spdlog::debug("step {}  loss {:.4f} ({})", step, losses[0] + losses[1] + losses[2], by_region(losses));
}

void VerboseLines::on_validation_case(const ValidatedCase& c) {
  spdlog::debug("epoch {}  validation case {}  Dice {}", c.epoch, io::printable_line(split_.validation[c.index].name),
                by_region(c.dice));
}

}  // namespace revunet::tools
