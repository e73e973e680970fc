#include "bench/common/run_description.h"

#include <fmt/chrono.h>
#include <unistd.h>
#include <dnnl.hpp>

#include <ctime>
#include <filesystem>
#include <fstream>

#include "engine/cpu_instructions.h"
#include "engine/device.h"
#include "io/files/atomic_file.h"

namespace revunet::bench {

namespace {

// Returns the name that Linux gives, or "unknown" where there is none.
std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

// Leaves out the program's folder, which says nothing elsewhere.
std::string command_line(int argc, char** argv) {
  std::string command = std::filesystem::path(argv[0]).filename().string();
  for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
  return command;
}

std::string onednn_version() {
  const dnnl_version_t* v = dnnl_version();
  return fmt::format("{}.{}.{}", v->major, v->minor, v->patch);
}

}  // namespace

Json describe_run(int argc, char** argv) {
  const int64_t memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  return {{"date", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
          {"command", command_line(argc, argv)},
          {"machine",
           {{"cpu", cpu_model()},
            {"cpu_instructions", describe_cpu_instructions()},
            {"threads", available_cpu_threads()},
            {"memory_bytes", memory_bytes},
            {"last_level_cache_bytes", sysconf(_SC_LEVEL3_CACHE_SIZE)}}},
          {"build", {{"compiler", REVUNET_COMPILER}, {"flags", REVUNET_BUILD_FLAGS}, {"onednn", onednn_version()}}}};
}

void write_json(const std::string& path, const Json& json) {
  io::write_file_atomically(path, json.dump(2) + "\n");
}

}  // namespace revunet::bench
