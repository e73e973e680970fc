// RUN/report.html shows a run on one page. It is made from the files of the run's folder alone, needs no other file and
// no network, and is XML as well as HTML.
#pragma once

#include <filesystem>
#include <string>

#include "models/training/run_observer.h"

namespace revunet {

// Uses log.csv, config.toml, split.json, train.log, memory.svg and previews/*.png. Only the first must exist. Throws
// DataError as parse_log does, and for files that cannot be read.
std::string report_of(const std::filesystem::path& run);

// Writes report.html anew after each epoch, and once more at the end, when train.log says what the run took.
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
