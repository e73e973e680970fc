#include "models/device/algorithm_file.h"

#include "engine/error.h"
#include "io/files/atomic_file.h"
#include "io/files/json_file.h"

namespace revunet {

namespace {

using nlohmann::json;

constexpr const char* kFormat = "revunet plan cache 1";

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& reason) {
  throw DataError(fmt::format(
      "[{}] expected a file of algorithms, as `conv-algorithms` writes it, got: {}; remove the file or name another",
      path.string(), reason));
}

// Returns the choices by device, or none where there is no file.
std::map<std::string, KernelChoices> read_all(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return {};
  const json j = io::read_json_file(path);
  try {
    REVUNET_EXPECTS(io::member(j, "format") == kFormat, DataError, "expected format '{}', got {}", kFormat,
                    io::excerpt(j["format"]));
    return io::member(j, "devices").get<std::map<std::string, KernelChoices>>();
  } catch (const json::exception& e) {
    refuse(path, io::reason_of(e));
  } catch (const DataError& e) {
    refuse(path, e.what());
  }
}

}  // namespace

KernelChoices read_algorithm_file(const std::filesystem::path& path, const std::string& key) {
  return read_all(path)[key];
}

void write_algorithm_file(const std::filesystem::path& path, const std::string& key, const KernelChoices& choices) {
  auto devices = read_all(path);
  devices[key] = choices;
  io::write_file_atomically(path, json{{"format", kFormat}, {"devices", devices}}.dump(1) + "\n");
}

}  // namespace revunet
