// The log of a run: plain lines on the terminal, and the same with times in train.log.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

#include "models/training/run_folder/run_folder.h"

namespace revunet::tools {

// Logs to the terminal and the run folder from now on. Each line is on disk before the next. Where the file takes no
// more, the run goes on, and says so once. Throws DataError where the file cannot be written.
void start_log(const RunFolder& folder);

// Logs nothing from now on, because another process of the run does.
void start_no_log();

// Logs to the run's own file alone.
void log_to_file(spdlog::level::level_enum level, const std::string& text);

// Shows on the terminal what the run has come to, with -q too.
void show_results();

}  // namespace revunet::tools
