// RUN/processes.csv has a row for each process and epoch of a run of several processes: where it ran, and its times.
#pragma once

#include <filesystem>

#include "models/training/run_observer.h"

namespace revunet {

class ProcessTable : public RunObserver {
 public:
  explicit ProcessTable(const RunFolder& folder) : folder_(folder) {}

  std::string name() const override { return "processes.csv"; }
  // Rows of an epoch that an earlier process began, and of later ones, are replaced.
  void on_processes(int64_t epoch, const std::vector<ProcessTime>& times) override;
  // Logs the sums over the epochs, as a table.
  void on_end() override;

 private:
  const RunFolder& folder_;
};

// Returns the sums over the epochs in such a file, in the order of ranks. There are none without a file. Throws
// DataError for a file that revunet-train does not write.
std::vector<ProcessTime> process_totals(const std::filesystem::path& file);

}  // namespace revunet
