// A TrainingRun is what one process has of a run: its folder, its split of the cases, and its trainer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/training/trainer.h"
#include "tools/train/terminal_progress.h"
#include "tools/train/train_settings.h"

namespace revunet::tools {

// Returns "revunet-train 0.1.0".
std::string train_program();

class TrainingRun {
 public:
  // Makes the folder of a new run, or takes that of the run that goes on, and writes split.json and config.toml, which
  // holds `configuration`. command_line is the program's name and what was typed after it. settings outlives this
  // object. Throws as RunFolder, checked_split and Trainer do.
  TrainingRun(const TrainSettings& settings, const std::string& configuration,
              const std::vector<std::string>& command_line);
  // Takes part in the run of another process, which has checked its cases. This one writes nothing, and shows nothing.
  TrainingRun(const TrainSettings& settings, const RegionCounts& validation_regions);

  const Split& split() const { return split_; }
  // Trains to the end. All processes of the run call it.
  void train();

 private:
  void describe_start(const std::string& configuration);

  const TrainSettings& settings_;
  std::optional<RunFolder> earlier_;  // locked before the data is looked at
  Split split_;
  RunFolder folder_;
  TerminalProgress progress_;
  RunProgress no_progress_;
  std::optional<Trainer> trainer_;
};

}  // namespace revunet::tools
