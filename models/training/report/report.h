// A run on one page: RUN/report.html, made from the files of the run's folder alone. It needs no other file and no
// network, and is XML as well as HTML.
#pragma once

#include <filesystem>
#include <string>

#include "models/training/run_observer.h"

namespace revunet {

// Made of log.csv, config.toml, split.json, train.log, memory.svg and previews/*.png, of which only the first must be
// there. DataError as parse_log, and for files that cannot be read.
std::string report_of(const std::filesystem::path& run);

// Writes report.html anew after each epoch, and at the end, when train.log has what the run took.
class ReportWriter : public RunObserver {
 public:
  explicit ReportWriter(const RunFolder& folder) : folder_(folder) {}

  std::string name() const override { return "report.html"; }
  void on_epoch(const EpochRecord&) override { write(); }
  void on_end() override { write(); }

 private:
  void write() { folder_.write("report.html", report_of(folder_.file(""))); }

  const RunFolder& folder_;
};

}  // namespace revunet
