// These folders look as Linux's proc and sys do, with the control groups of a process. The texts of proc are those of
// real machines.
#pragma once

#include <string>

#include "tests/io/test_files.h"

namespace revunet::test {

// A Machine is a file system of proc and sys.
struct Machine {
  Machine(const std::string& mountinfo, const std::string& cgroup) {
    file("proc/self/mountinfo", mountinfo);
    file("proc/self/cgroup", cgroup);
  }
  void file(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((folder / path).parent_path());
    write_bytes(folder / path, text);
  }

  TemporaryFolder folder;
};

inline const std::string version2 =
    "22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
    "30 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

inline std::string version1(const std::string& group) {
  return "34 25 0:29 " + group + " /sys/fs/cgroup/systemd ro,nosuid master:11 - cgroup cgroup rw,name=systemd\n" +
         "35 25 0:30 " + group + " /sys/fs/cgroup/cpuset ro,nosuid master:12 - cgroup cgroup rw,cpuset\n" +
         "36 25 0:31 " + group + " /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:15 - cgroup cgroup rw,cpu,cpuacct\n" +
         "37 25 0:32 " + group + " /sys/fs/cgroup/memory ro,nosuid master:16 - cgroup cgroup rw,memory\n";
}

}  // namespace revunet::test
