// A RunStart says how a run was started. It is a line of train.log, which the run's page shows.
#pragma once

#include <string>
#include <vector>

namespace revunet {

struct RunStart {
  bool resumed = false;
  std::string host, program;  // "tower", "revunet-train 0.1.0"
  std::string labels;         // the label profile of the cases
  std::string command;        // as a shell takes it
  std::string date;           // of the line in train.log, local time; empty until it is there
};

// Returns how this process was started. program is its name and version. words are those of its command line, the
// program first.
RunStart this_start(const std::string& program, const std::vector<std::string>& words, bool resumed,
                    const std::string& labels);

// Returns "started on tower by revunet-train 0.1.0, labels brats: revunet-train --data BraTS2021 --out run".
std::string describe(const RunStart& start);

// Returns the starts in a train.log, whose lines begin with their date and time, in order. Other lines are skipped.
std::vector<RunStart> starts_in(const std::string& train_log);

}  // namespace revunet
