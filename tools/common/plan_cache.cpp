#include "tools/common/plan_cache.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/atomic_file.h"

namespace revunet::tools {

namespace {

using nlohmann::json;

constexpr const char* kFormat = "revunet plan cache 1";

// Choices by device; empty where there is no file.
std::map<std::string, KernelChoices> read_all(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return {};
  std::ifstream file(path);
  REVUNET_EXPECTS(file && !error, DataError, "[{}] expected a plan cache that can be read; check its permissions",
                  path.string());
  try {
    const json j = json::parse(file);
    REVUNET_EXPECTS(j.at("format") == kFormat, DataError, "expected format '{}', got {}", kFormat,
                    j.at("format").dump());
    return j.at("devices").get<std::map<std::string, KernelChoices>>();
  } catch (const std::exception& e) {
    throw DataError(
        fmt::format("[{}] expected a plan cache, as --plan-cache writes it, got: {}; remove the file or "
                    "name another",
                    path.string(), e.what()));
  }
}

}  // namespace

KernelChoices read_plan_cache(const std::filesystem::path& path, const std::string& key) {
  return read_all(path)[key];
}

void write_plan_cache(const std::filesystem::path& path, const std::string& key, const KernelChoices& choices) {
  auto devices = read_all(path);
  devices[key] = choices;
  io::write_file_atomically(path, json{{"format", kFormat}, {"devices", devices}}.dump(1) + "\n");
}

}  // namespace revunet::tools
