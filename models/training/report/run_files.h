// The small files of a run's folder, as its page reads them. DataError naming a file that cannot be read or understood.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/training/run_folder/run_start.h"

namespace revunet {

// What config.toml sets; nothing where there is none.
class Settings {
 public:
  explicit Settings(const std::filesystem::path& run);

  struct Setting {
    std::string key, value;
  };
  const std::vector<Setting>& all() const { return settings_; }
  std::string value(const std::string& key) const;  // empty where it is not set

 private:
  std::vector<Setting> settings_;
};

struct SplitNames {
  std::vector<std::string> training, validation;
};
std::optional<SplitNames> split_of(const std::filesystem::path& run);

// What train.log says; nothing where there is none.
struct TrainLog {
  std::vector<RunStart> starts;     // of the run and of each time that it was resumed
  std::vector<std::string> memory;  // lines at the run's end
};
TrainLog train_log_of(const std::filesystem::path& run);

}  // namespace revunet
