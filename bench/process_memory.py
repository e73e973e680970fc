"""Runs a program and records the memory of all its processes by time."""
import glob
import subprocess
import threading
import time


def children(pid):
    pids = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path) as file:
            pids += [int(word) for word in file.read().split()]
    return pids


def proportional_bytes(pid):
    """Returns the memory of a process and of its descendants: each shared page is divided among those that share it."""
    total = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total = next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
        for child in children(pid):
            total += proportional_bytes(child)
    except (FileNotFoundError, ProcessLookupError, StopIteration):
        pass  # the process has ended
    return total


def peak_resident_bytes(pid):
    """Returns the most memory that a process has had at once, without its descendants; 0 where it has ended."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def run_with_memory(command, log, environment=None, seconds_between=5, on_sample=lambda seconds: None,
                    memory_of=proportional_bytes):
    """Runs a command to its end, with its output in the file `log`.

    Returns (seconds, [[seconds since the start, bytes], ...]), with the bytes that memory_of(pid) says. on_sample(seconds)
    is called after each sample. Raises CalledProcessError where the exit code is not 0.
    """
    samples, ended = [], threading.Event()
    begin = time.monotonic()
    with open(log, "w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment)

        def sample():
            while not ended.wait(seconds_between):
                seconds = time.monotonic() - begin
                samples.append([round(seconds, 1), memory_of(process.pid)])
                on_sample(seconds)

        sampler = threading.Thread(target=sample)
        sampler.start()
        try:
            code = process.wait()
        finally:
            seconds = time.monotonic() - begin
            ended.set()
            sampler.join()
    if code != 0:
        raise subprocess.CalledProcessError(code, command)
    return seconds, samples
