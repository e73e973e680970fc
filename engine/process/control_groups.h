// Linux's control groups limit what containers and cluster jobs may use. `docker run --cpus 2 --memory 4g` on a large
// machine still shows the whole machine, and only the files of the control groups show the limit.
//
// Rule: a group's limit holds for all groups within it, so the least limit on the way from the process's own group up
// to the root counts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace revunet {

struct ControlGroup {
  std::filesystem::path folder;  // the folder that holds its files, such as cpu.max
  bool version2;                 // whether it belongs to version 2 of control groups; version 1 has other files
};

// Returns the process's own group and all above it, in every hierarchy that can limit `controller` ("cpu", "memory").
// `root` is the folder that holds proc and sys: the machine's own, or a test's. Returns none where there are no control
// groups.
std::vector<ControlGroup> control_groups(const std::string& controller, const std::filesystem::path& root = "/");

}  // namespace revunet
