// These are the charts of a run's page, as SVG. Each log has at least one epoch.
#pragma once

#include <string>
#include <vector>

#include "models/training/run_folder/epoch_record.h"

namespace revunet {

using Log = std::vector<EpochRecord>;  // in ascending order of epochs

bool was_validated(const Log& log);

std::string dice_chart(const Log& log);  // takes a log with validation scores
std::string loss_chart(const Log& log);
std::string learning_rate_chart(const Log& log);
std::string time_chart(const Log& log);
std::string memory_chart(const Log& log);

// Both describe a tag of memory as the page shows it.
std::string words_of_tag(Tag tag);   // "saved activation"
std::string colour_of_tag(Tag tag);  // CSS

}  // namespace revunet
