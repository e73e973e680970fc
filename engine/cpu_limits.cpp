#include "engine/cpu_limits.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace revunet {

namespace {

namespace fs = std::filesystem;

// A hierarchy of control groups that can limit CPUs, as /proc/self/mountinfo describes it.
struct Hierarchy {
  bool version2;
  fs::path group;        // the group that is seen at the mount point: "/", or a container's
  fs::path mount_point;  // in the file system of this process
};

bool contains(const std::string& list, const std::string& item) {
  std::istringstream items(list);
  for (std::string i; std::getline(items, i, ',');) {
    if (i == item) return true;
  }
  return false;
}

// A line of mountinfo: id, parent, device, root, mount point, options, any number of fields, "-", type, source,
// options.
std::vector<Hierarchy> hierarchies(const fs::path& root) {
  std::vector<Hierarchy> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream first(line.substr(0, dash)), second(line.substr(dash + 3));
    std::string id, parent, device, group, mount_point, type, source, options;
    first >> id >> parent >> device >> group >> mount_point;
    second >> type >> source >> options;
    const bool version2 = type == "cgroup2";
    if (version2 || (type == "cgroup" && contains(options, "cpu"))) found.push_back({version2, group, mount_point});
  }
  return found;
}

// The group of this process: of version 2 it stands after "0::", of version 1 after "N:controllers:".
std::optional<fs::path> own_group(const fs::path& root, bool version2) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (version2 ? controllers.empty() : contains(controllers, "cpu")) return fs::path(line.substr(second + 1));
  }
  return std::nullopt;
}

// The folders of the process's group and of all above it, within the mount. A container may see its own group at the
// mount point, but be told the group's name on the host: then it is the mount point alone.
std::vector<fs::path> folders(const fs::path& root, const Hierarchy& hierarchy, const fs::path& group) {
  const fs::path top = root / hierarchy.mount_point.relative_path();
  fs::path below = group.lexically_relative(hierarchy.group);
  if (below.empty() || *below.begin() == "..") below = ".";
  std::vector<fs::path> result{top};
  for (const fs::path& part : below) {
    if (part != ".") result.push_back(result.back() / part);
  }
  return result;
}

// Microseconds of CPU time and of the period in which they may be used; nothing where there is no limit.
std::optional<std::pair<double, double>> limit_of(const fs::path& folder, bool version2) {
  double quota = 0, period = 0;
  if (version2) {
    std::ifstream(folder / "cpu.max") >> quota >> period;  // "max 100000" is no number
  } else {
    std::ifstream(folder / "cpu.cfs_quota_us") >> quota;  // -1: none
    std::ifstream(folder / "cpu.cfs_period_us") >> period;
  }
  if (quota > 0 && period > 0) return std::pair(quota, period);
  return std::nullopt;
}

}  // namespace

int most_cpu_threads() {
  return std::min(kMostCpuThreads, omp_get_thread_limit());
}

std::optional<int> cpu_quota(const fs::path& root) {
  std::optional<int> least;
  for (const Hierarchy& hierarchy : hierarchies(root)) {
    const std::optional<fs::path> group = own_group(root, hierarchy.version2);
    if (!group) continue;
    for (const fs::path& folder : folders(root, hierarchy, *group)) {
      const auto limit = limit_of(folder, hierarchy.version2);
      if (!limit || limit->first / limit->second > 1e6) continue;  // as good as none
      const int cpus = static_cast<int>(std::ceil(limit->first / limit->second));
      least = std::min(cpus, least.value_or(cpus));
    }
  }
  return least;
}

}  // namespace revunet
