// This file reads the small files of a run's folder for its page. Throws DataError with the name of a file that cannot
// be read or understood.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/training/run_folder/run_start.h"

namespace revunet {

// Settings are what config.toml sets. There are none where the file is missing.
class Settings {
 public:
  explicit Settings(const std::filesystem::path& run);

  struct Setting {
    std::string key, value;
  };
  const std::vector<Setting>& all() const { return settings_; }
  std::string value(const std::string& key) const;  // empty where the key is not set

 private:
  std::vector<Setting> settings_;
};

struct SplitNames {
  std::vector<std::string> training, validation;
};
std::optional<SplitNames> split_of(const std::filesystem::path& run);

// A TrainLog is what train.log says. It is empty where the file is missing.
struct TrainLog {
  std::vector<RunStart> starts;     // of the run, and of each time it was resumed
  std::vector<std::string> memory;  // lines at the run's end
};
TrainLog train_log_of(const std::filesystem::path& run);

}  // namespace revunet
