#include "engine/process/control_groups.h"

#include <fstream>
#include <optional>
#include <sstream>

namespace revunet {

namespace {

namespace fs = std::filesystem;

// A Hierarchy is a tree of control groups, as /proc/self/mountinfo describes it.
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

// Reads lines of mountinfo. Each has: id, parent, device, root, mount point, options, any number of fields, "-", type,
// source, options.
std::vector<Hierarchy> hierarchies(const std::string& controller, const fs::path& root) {
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
    if (version2 || (type == "cgroup" && contains(options, controller))) {
      found.push_back({version2, group, mount_point});
    }
  }
  return found;
}

// Returns the group of this process. In version 2 it stands after "0::", in version 1 after "N:controllers:".
std::optional<fs::path> own_group(const std::string& controller, const fs::path& root, bool version2) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (version2 ? controllers.empty() : contains(controllers, controller)) return fs::path(line.substr(second + 1));
  }
  return std::nullopt;
}

}  // namespace

std::vector<ControlGroup> control_groups(const std::string& controller, const fs::path& root) {
  std::vector<ControlGroup> groups;
  for (const Hierarchy& hierarchy : hierarchies(controller, root)) {
    const std::optional<fs::path> own = own_group(controller, root, hierarchy.version2);
    if (!own) continue;
    // A container may see its own group at the mount point, but read the group's name as it is on the host. Then the
    // group is the mount point alone.
    fs::path below = own->lexically_relative(hierarchy.group);
    if (below.empty() || *below.begin() == "..") below = ".";
    fs::path folder = root / hierarchy.mount_point.relative_path();
    groups.push_back({folder, hierarchy.version2});
    for (const fs::path& part : below) {
      if (part == ".") continue;
      folder /= part;
      groups.push_back({folder, hierarchy.version2});
    }
  }
  return groups;
}

}  // namespace revunet
