#include "models/training/report/run_files.h"

#include <algorithm>
#include <sstream>

#include "io/files/input_file.h"
#include "io/files/json_file.h"
#include "io/files/toml_file.h"

namespace revunet {

namespace fs = std::filesystem;

Settings::Settings(const fs::path& run) {
  const fs::path path = run / "config.toml";
  if (!fs::exists(path)) return;
  for (const io::TomlSetting& setting : io::read_toml_settings(path)) {
    settings_.push_back({setting.key, setting.value});
  }
}

std::string Settings::value(const std::string& key) const {
  const auto found = std::ranges::find(settings_, key, &Setting::key);
  return found == settings_.end() ? "" : found->value;
}

std::optional<SplitNames> split_of(const fs::path& run) {
  const fs::path path = run / "split.json";
  if (!fs::exists(path)) return std::nullopt;
  const nlohmann::json json = io::read_json_file(path);
  return io::at_place(path.string(), [&] { return SplitNames{json.at("training"), json.at("validation")}; });
}

TrainLog train_log_of(const fs::path& run) {
  constexpr size_t time = 20;  // characters before the text of a line, such as "2026-11-28 22:15:02 "
  TrainLog log;
  if (!fs::exists(run / "train.log")) return log;
  const std::string text = io::read_whole_file(run / "train.log");
  log.starts = starts_in(text);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string words = line.size() > time ? line.substr(time) : "";
    if (words.starts_with("started on ") || words.starts_with("resumed on ")) log.memory.clear();
    if (words.starts_with("memory") && !words.starts_with("memory trace")) log.memory.push_back(words);
  }
  return log;
}

}  // namespace revunet
