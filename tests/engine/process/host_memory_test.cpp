// Tests the memory that control groups leave to a process.
#include "engine/process/host_memory.h"

#include "tests/engine/machine_folder.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;

namespace {

constexpr size_t kMebibyte = size_t{1} << 20;

HostMemory memory_of(const Machine& machine) {
  return host_memory(machine.folder.path());
}

}  // namespace

TEST_CASE("a container's memory is its limit, and free is what it has not taken for good") {
  const Machine machine(version2, "0::/kubepods/pod7/box\n");
  const HostMemory all = memory_of(machine);
  CHECK(all.limit == HostMemory::Limit::machine);
  const std::string pod = "sys/fs/cgroup/kubepods/pod7/";
  machine.file(pod + "box/memory.max", "max\n");
  machine.file(pod + "box/memory.current", "1048576\n");
  machine.file(pod + "memory.max", "67108864\n");
  machine.file(pod + "memory.current", "50331648\n");
  machine.file(pod + "memory.stat", "anon 4096\ninactive_file 10485760\nactive_file 4096\n");
  const HostMemory memory = memory_of(machine);
  CHECK(memory.limit == HostMemory::Limit::control_group);
  CHECK(memory.total == 64 * kMebibyte);
  CHECK(memory.free == (64 - 48 + 10) * kMebibyte);
  machine.file(pod + "memory.current", "77108864\n");  // for a moment, before the kernel acts
  machine.file(pod + "memory.stat", "");
  CHECK(memory_of(machine).free == 0);
}

TEST_CASE("a container's memory of version 1, and its largest number is no limit") {
  const Machine machine(version1("/docker/4f9a"), "4:memory:/docker/4f9a\n3:cpu,cpuacct:/docker/4f9a\n");
  machine.file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  machine.file("sys/fs/cgroup/memory/memory.usage_in_bytes", "8388608\n");
  CHECK(memory_of(machine).limit == HostMemory::Limit::machine);
  machine.file("sys/fs/cgroup/memory/memory.limit_in_bytes", "33554432\n");
  machine.file("sys/fs/cgroup/memory/memory.stat", "inactive_file 4096\ntotal_inactive_file 2097152\n");
  const HostMemory memory = memory_of(machine);
  CHECK(memory.limit == HostMemory::Limit::control_group);
  CHECK(memory.total == 32 * kMebibyte);
  CHECK(memory.free == (32 - 8 + 2) * kMebibyte);
}
