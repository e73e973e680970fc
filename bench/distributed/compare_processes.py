"""Times training by several processes of one thread each against one process of as many threads: the same steps.

    python3 bench/distributed/compare_processes.py --json processes.json

Both take the same samples per step and have the same weights in the end, bit for bit, which is checked. Rounds alternate,
and the first epoch of each run, in which memory is taken from the system, is left out. `waits` is the time of a step in
which a process waits for the others: for their gradients, as far as backward does not hide the sum, and because one of
them is slower.
"""
import argparse
import csv
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from result_file import date_and_command, write_json  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="the built programs")
    parser.add_argument("--size", default="64,64,64", help="X,Y,Z voxels of a sample")
    parser.add_argument("--options", default="--model reversible", help="further options of revunet-train")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--cases", type=int, default=4, help="samples of an epoch")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="write the results to this file too")
    return parser.parse_args()


def run(words):
    result = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"compare_processes: error: {' '.join(str(w) for w in words)}: {result.stderr}")


def trained(arguments, data, out, more):
    """Returns the seconds of each epoch after the first."""
    run([arguments.bin / "revunet-train", "--data", data, "--out", out, "--size", arguments.size, "--val-fraction", "0",
         "--epochs", arguments.epochs, "--device", "cpu", "--previews", "0", "--no-tensorboard", "-q",
         *arguments.options.split(), *more])
    with open(out / "log.csv", newline="") as file:
        return [float(row["training_seconds"]) for row in csv.DictReader(file)][1:]


def waited(out):
    """Returns the seconds that each process has waited for the others in each epoch after the first."""
    if not (out / "processes.csv").exists():
        return []
    with open(out / "processes.csv", newline="") as file:
        return [float(row["waiting_for_others_seconds"]) for row in csv.DictReader(file) if int(row["epoch"]) > 1]


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    arguments = parse_arguments()
    n = arguments.processes
    variants = {f"1 process, {n} threads": ["--threads", n, "--accumulate", n],
                f"{n} processes, 1 thread each": ["--threads", 1, "--processes", n]}
    seconds = {name: [] for name in variants}
    waits = {name: [] for name in variants}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run([arguments.bin / "revunet-phantom", "--out", folder / "data", "--cases", arguments.cases, "--size",
             arguments.size, "-q"])
        for i in range(arguments.rounds):
            for j, (name, more) in enumerate(variants.items()):
                seconds[name] += trained(arguments, folder / "data", folder / f"{i} {j}", more)
                waits[name] += waited(folder / f"{i} {j}")
            weights = [(folder / f"{i} {j}" / "last.safetensors").read_bytes() for j in range(len(variants))]
            if weights[0] != weights[1]:
                sys.exit("compare_processes: error: expected the same weights from both, got others")
    steps = -(-arguments.cases // n)
    first = statistics.median(seconds[next(iter(variants))])
    rows = [{"variant": name, "seconds_per_step": statistics.median(values) / steps,
             "by_epoch": [round(v / steps, 4) for v in values],
             "waiting_for_others": statistics.median(waits[name] or [0]) / steps, "times_as_fast": first / statistics.median(values)}
            for name, values in seconds.items()]
    print(f"{'variant':<32}{'s/step':>9}{'min':>9}{'max':>9}{'waits':>9}{'speed':>8}")
    for row in rows:
        print(f"{row['variant']:<32}{row['seconds_per_step']:>9.4f}{min(row['by_epoch']):>9.4f}"
              f"{max(row['by_epoch']):>9.4f}{row['waiting_for_others']:>9.4f}{row['times_as_fast']:>8.2f}")
    if arguments.json:
        write_json(arguments.json, {**date_and_command(), "processor": processor(),
                                    "cpus": len(os.sched_getaffinity(0)), "size": arguments.size,
                                    "samples_per_step": n, "results": rows})


if __name__ == "__main__":
    main()
