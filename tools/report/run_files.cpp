#include "tools/report/run_files.h"

#include <algorithm>
#include <sstream>

#include "engine/error.h"
#include "io/input_file.h"
#include "io/json_file.h"

namespace revunet::tools {

namespace fs = std::filesystem;

// Of the lines `key = value` that to_toml writes.
Settings::Settings(const fs::path& run) {
  if (!fs::exists(run / "config.toml")) return;
  std::istringstream lines(io::read_whole_file(run / "config.toml"));
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find(" = ");
    if (equals == std::string::npos || line.starts_with('#')) continue;
    std::string value = line.substr(equals + 3);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    settings_.push_back({line.substr(0, equals), value});
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
  try {
    return SplitNames{json.at("training"), json.at("validation")};
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("[{}] expected lists of cases, as revunet-train writes them, got: {}", path.string(),
                                io::reason_of(e)));
  }
}

TrainLog train_log_of(const fs::path& run) {
  constexpr size_t time = 20;  // characters before the text of a line: "2026-11-28 22:15:02 "
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

}  // namespace revunet::tools
