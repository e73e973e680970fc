"""Times training steps on one machine: alone, two runs at once, and one next to programs that only compute.

    python3 bench/side_by_side.py --json results.json

Threads that wait for others take time from those that work. This shows how much: two runs that share a machine fairly
take twice as long as one alone. Each situation is timed as the programs are, and with libgomp's own way to wait, which
they bound. Situations take turns, all of `--steps` steps, and every run is warm before it is timed.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from engine_process import EngineProcess
from result_file import date_and_command, without_temporary_files, write_json

ROOT = pathlib.Path(__file__).resolve().parent.parent


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench-step", default=ROOT / "build/release/bin/bench-step", help="the built program")
    parser.add_argument("--sizes", default="32,48,32", help="X,Y,Z: small steps are hit most, as they wait most often")
    parser.add_argument("--channels", default="16,32,64")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", type=int, default=1, help="programs that only compute, beside one run")
    parser.add_argument("--json", help="write the results to this file too")
    return parser.parse_args()


# Without the programs' bound (engine/process/waiting_threads.h), waiting threads follow libgomp's own default.
LIBGOMP_SPINS = {"GOMP_SPINCOUNT": "300000"}


def timed(arguments, folder, runs, busy, setting):
    """Returns seconds per step, until the last of so many runs at once has done its steps, and its report."""
    options = ["--models", "reversible", "--sizes", arguments.sizes, "--channels", arguments.channels,
               "--threads", str(arguments.threads)]
    environment = {**os.environ, **setting}
    processes = [EngineProcess(arguments.bench_step, options, os.path.join(folder, f"{i}.json"), environment)
                 for i in range(runs)]
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        begin = time.monotonic()
        for process in processes:
            process.ask(arguments.steps)
        for process in processes:
            for _ in range(arguments.steps):
                process.seconds()
        seconds = (time.monotonic() - begin) / arguments.steps
    finally:
        for other in others:
            other.kill()
            other.wait()
    reports = [process.finish() for process in processes]
    return seconds, reports[-1]


def main():
    arguments = parse_arguments()
    if not os.access(arguments.bench_step, os.X_OK):
        sys.exit(f"side_by_side: error: no program at {arguments.bench_step}; build bench-step, or name it with "
                 "--bench-step")
    busy = f"beside {arguments.busy} busy"
    situations = {"alone": (1, 0, {}), "alone, libgomp spins": (1, 0, LIBGOMP_SPINS),
                  "two at once": (2, 0, {}), "two at once, libgomp spins": (2, 0, LIBGOMP_SPINS),
                  busy: (1, arguments.busy, {}), f"{busy}, libgomp spins": (1, arguments.busy, LIBGOMP_SPINS)}
    seconds = {name: [] for name in situations}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            for name, situation in situations.items():
                value, report = timed(arguments, folder, *situation)
                seconds[name].append(value)
        report = without_temporary_files(report, folder)
    alone = statistics.median(seconds["alone"])
    rows = [{"situation": name, "seconds_per_step": statistics.median(values), "by_round": values,
             "times_alone": statistics.median(values) / alone} for name, values in seconds.items()]
    print(f"{'situation':<30}{'s/step':>9}{'min':>9}{'max':>9}{'of alone':>10}")
    for row in rows:
        values = row["by_round"]
        print(f"{row['situation']:<30}{row['seconds_per_step']:>9.4f}{min(values):>9.4f}{max(values):>9.4f}"
              f"{row['times_alone']:>10.2f}")
    if arguments.json:
        write_json(arguments.json, {**date_and_command(), "threads": arguments.threads,
                                    "results": rows, "engine": {k: report[k] for k in ("machine", "build")}})


if __name__ == "__main__":
    main()
