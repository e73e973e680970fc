"""Says how much memory this machine has left, and bounds that of this process."""
import pathlib
import resource

SPARE = 512 << 20  # bytes that are left to the rest of the machine


def kib_field(path, name):
    """Returns the bytes of a line such as "MemAvailable:   1234 kB"."""
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(f"{path} has no line {name}")


def available_bytes():
    """Returns what a program can still take: of the machine, and of the container's limit where it has one."""
    left = kib_field("/proc/meminfo", "MemAvailable")
    limit, used = (pathlib.Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    if limit.exists() and limit.read_text().strip() != "max":
        left = min(left, int(limit.read_text()) - int(used.read_text()))
    return left - SPARE


def bound_own_memory():
    """Lets allocations of this process fail where the machine has no more memory, in place of the process being killed."""
    bound = kib_field("/proc/self/status", "VmData") + max(available_bytes(), 0)
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard))
