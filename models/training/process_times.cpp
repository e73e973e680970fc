#include "models/training/process_times.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace revunet {

void ProcessTimes::begin_epoch() {
  epoch_ = {};
  waited_for_data_ = 0;
  if (processes_) processes_->take_waited();
}

std::vector<ProcessTime> ProcessTimes::end_epoch() {
  if (!processes_) return {};
  const double others = processes_->take_waited();
  const double computing = std::max(0.0, epoch_.seconds() - waited_for_data_ - others);
  const nlohmann::json own = {host_name(), device_, computing, waited_for_data_, others};
  std::vector<ProcessTime> times;
  for (const std::string& text :
       processes_->gather(own.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))) {
    const auto row = nlohmann::json::parse(text);
    times.push_back({row[0], row[1], row[2], row[3], row[4]});
  }
  return times;
}

}  // namespace revunet
