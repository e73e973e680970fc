// Tests the limits of CPUs that control groups set.
#include "engine/process/cpu_limits.h"

#include <optional>

#include "engine/device.h"
#include "engine/error.h"
#include "tests/engine/machine_folder.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;

namespace {

std::optional<int> quota_of(const Machine& machine) {
  return cpu_quota(machine.folder.path());
}

}  // namespace

TEST_CASE("a quota of version 2 is rounded up to whole CPUs, and the least on the way to the root counts") {
  const Machine machine(version2, "0::/kubepods/pod7/box\n");
  const std::string top = "sys/fs/cgroup/";
  CHECK(quota_of(machine) == std::nullopt);
  machine.file(top + "kubepods/pod7/box/cpu.max", "max 100000\n");
  CHECK(quota_of(machine) == std::nullopt);
  machine.file(top + "kubepods/cpu.max", "800000 100000\n");
  CHECK(quota_of(machine) == 8);
  machine.file(top + "kubepods/pod7/cpu.max", "250000 100000\n");
  CHECK(quota_of(machine) == 3);
  machine.file(top + "kubepods/pod7/box/cpu.max", "5000 20000\n");
  CHECK(quota_of(machine) == 1);
  machine.file(top + "kubepods/pod7/other/cpu.max", "1000 100000\n");  // another pod's limit
  machine.file(top + "kubepods/pod7/box/cpu.max", "400000 100000\n");
  CHECK(quota_of(machine) == 3);
}

TEST_CASE("a container whose group is the root of what it sees has its quota at the mount point") {
  const Machine machine(version2, "0::/\n");
  machine.file("sys/fs/cgroup/cpu.max", "200000 100000\n");
  CHECK(quota_of(machine) == 2);
}

TEST_CASE("a quota of version 1, on a host and in a container that reads its group's name on the host") {
  const std::string own = "12:cpuset:/docker/4f9a\n5:cpu,cpuacct:/docker/4f9a\n1:name=systemd:/docker/4f9a\n";
  SECTION("on the host") {
    const Machine machine(version1("/"), own);
    machine.file("sys/fs/cgroup/cpu,cpuacct/docker/4f9a/cpu.cfs_period_us", "50000\n");
    machine.file("sys/fs/cgroup/cpu,cpuacct/docker/4f9a/cpu.cfs_quota_us", "-1\n");
    CHECK(quota_of(machine) == std::nullopt);
    machine.file("sys/fs/cgroup/cpu,cpuacct/docker/4f9a/cpu.cfs_quota_us", "175000\n");
    CHECK(quota_of(machine) == 4);
  }
  SECTION("in the container") {
    const Machine machine(version1("/docker/4f9a"), own);
    machine.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    machine.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
    CHECK(quota_of(machine) == 2);
  }
}

TEST_CASE("where there are no control groups, or files of something else, there is no quota") {
  CHECK(cpu_quota(TemporaryFolder().path()) == std::nullopt);
  const Machine machine(version2 + "not a mount\n", "0::/\nnonsense\n");
  machine.file("sys/fs/cgroup/cpu.max", "nonsense\n");
  CHECK(quota_of(machine) == std::nullopt);
  machine.file("sys/fs/cgroup/cpu.max", "1e300 1\n");
  CHECK(quota_of(machine) == std::nullopt);
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
