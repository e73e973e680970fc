// Limits of control groups, in folders that look as Linux's do. The texts of proc are those of real machines.
#include "engine/cpu_limits.h"

#include <optional>
#include <string>

#include "engine/device.h"
#include "engine/error.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;

namespace {

// A file system of proc and sys.
struct Machine {
  Machine(const std::string& mountinfo, const std::string& cgroup) {
    file("proc/self/mountinfo", mountinfo);
    file("proc/self/cgroup", cgroup);
  }
  void file(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((folder / path).parent_path());
    write_bytes(folder / path, text);
  }
  std::optional<int> quota() const { return cpu_quota(folder.path()); }

  TemporaryFolder folder;
};

const std::string version2 =
    "22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
    "30 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

std::string version1(const std::string& group) {
  return "34 25 0:29 " + group + " /sys/fs/cgroup/systemd ro,nosuid master:11 - cgroup cgroup rw,name=systemd\n" +
         "35 25 0:30 " + group + " /sys/fs/cgroup/cpuset ro,nosuid master:12 - cgroup cgroup rw,cpuset\n" +
         "36 25 0:31 " + group + " /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:15 - cgroup cgroup rw,cpu,cpuacct\n";
}

}  // namespace

TEST_CASE("a quota of version 2 is rounded up to whole CPUs, and the least on the way to the root counts") {
  const Machine machine(version2, "0::/kubepods/pod7/box\n");
  const std::string top = "sys/fs/cgroup/";
  CHECK(machine.quota() == std::nullopt);
  machine.file(top + "kubepods/pod7/box/cpu.max", "max 100000\n");
  CHECK(machine.quota() == std::nullopt);
  machine.file(top + "kubepods/cpu.max", "800000 100000\n");
  CHECK(machine.quota() == 8);
  machine.file(top + "kubepods/pod7/cpu.max", "250000 100000\n");
  CHECK(machine.quota() == 3);
  machine.file(top + "kubepods/pod7/box/cpu.max", "5000 20000\n");
  CHECK(machine.quota() == 1);
  machine.file(top + "kubepods/pod7/other/cpu.max", "1000 100000\n");  // a neighbour's
  machine.file(top + "kubepods/pod7/box/cpu.max", "400000 100000\n");
  CHECK(machine.quota() == 3);
}

TEST_CASE("a container whose group is the root of what it sees has its quota at the mount point") {
  const Machine machine(version2, "0::/\n");
  machine.file("sys/fs/cgroup/cpu.max", "200000 100000\n");
  CHECK(machine.quota() == 2);
}

TEST_CASE("a quota of version 1, on a host and in a container that is told the host's name of its group") {
  const std::string own = "12:cpuset:/docker/4f9a\n5:cpu,cpuacct:/docker/4f9a\n1:name=systemd:/docker/4f9a\n";
  SECTION("on the host") {
    const Machine machine(version1("/"), own);
    machine.file("sys/fs/cgroup/cpu,cpuacct/docker/4f9a/cpu.cfs_period_us", "50000\n");
    machine.file("sys/fs/cgroup/cpu,cpuacct/docker/4f9a/cpu.cfs_quota_us", "-1\n");
    CHECK(machine.quota() == std::nullopt);
    machine.file("sys/fs/cgroup/cpu,cpuacct/docker/4f9a/cpu.cfs_quota_us", "175000\n");
    CHECK(machine.quota() == 4);
  }
  SECTION("in the container") {
    const Machine machine(version1("/docker/4f9a"), own);
    machine.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    machine.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
    CHECK(machine.quota() == 2);
  }
}

TEST_CASE("where there are no control groups, or files of something else, there is no quota") {
  CHECK(cpu_quota(TemporaryFolder().path()) == std::nullopt);
  const Machine machine(version2 + "not a mount\n", "0::/\nnonsense\n");
  machine.file("sys/fs/cgroup/cpu.max", "nonsense\n");
  CHECK(machine.quota() == std::nullopt);
  machine.file("sys/fs/cgroup/cpu.max", "1e300 1\n");
  CHECK(machine.quota() == std::nullopt);
}

TEST_CASE("a number of threads that no machine has is refused before any is started") {
  const int before = cpu_threads();
  for (const int threads : {0, -1, 1025, 100000, 2147483647}) {
    INFO(threads);
    CHECK_THROWS_AS(set_cpu_threads(threads), UsageError);
    CHECK(cpu_threads() == before);
  }
  set_cpu_threads(3);
  CHECK(cpu_threads() == 3);
  set_cpu_threads(before);
}
