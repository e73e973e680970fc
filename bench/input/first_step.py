"""Times revunet-train from its start to the end of its first step, which is after the check, hashes and the first cases.

    build/release/bin/revunet-phantom --out PHANTOMS --cases 20
    python3 bench/input/first_step.py --data PHANTOMS --json first_step.json

Programs take turns, so that several builds can be compared. A run is ended after its first step. The files are in the
page cache, because each program has read them once before it is timed.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import typing

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from process_memory import peak_resident_bytes  # noqa: E402
from result_file import date_and_command, write_json  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--train", nargs="+", default=[f"this={ROOT}/build/release/bin/revunet-train"],
                        help="NAME=PROGRAM, one or several builds of revunet-train")
    parser.add_argument("--data", required=True, help="the dataset")
    parser.add_argument("--options", default="--channels 4,8,16 --size 160,192,160 --val-fraction 0.2",
                        help="other options of revunet-train; the network is small, so that its step is short")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="write the results to this file too")
    return parser.parse_args()


class Moment(typing.NamedTuple):
    seconds: float   # since the start of the program
    peak_bytes: int  # the most memory that the process has had by then


class Start(typing.NamedTuple):
    split: Moment  # when the cases are checked and split
    step: Moment   # at the end of the first step


def first_step(program, data, options, split_to=None):
    """Returns the Start of a run, which is ended after its first step. split_to is where its split.json is kept."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(program), "--data", str(data), "--out", f"{folder}/run", *options.split(), "--device", "cpu",
                   "--max-steps", "1", "-v"]
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        moments = {}
        for line in process.stdout:
            reached = next((prefix for prefix in ("training case ", "step 1 ") if line.startswith(prefix)), None)
            if reached:
                moments.setdefault(reached, Moment(time.monotonic() - begin, peak_resident_bytes(process.pid)))
            if reached == "step 1 ":
                break
        process.kill()
        process.wait()
        if len(moments) == 2 and split_to:
            shutil.copy(f"{folder}/run/split.json", split_to)
    if len(moments) < 2:
        sys.exit(f"{os.path.basename(sys.argv[0])}: error: expected lines of the split and of the first step, got none; "
                 f"try: {' '.join(command)}")
    return Start(moments["training case "], moments["step 1 "])


def main():
    arguments = parse_arguments()
    programs = dict(train.split("=", 1) for train in arguments.train)
    starts = {name: [] for name in programs}
    for turn in range(arguments.rounds + 1):
        for name, program in programs.items():
            start = first_step(program, arguments.data, arguments.options)
            if turn > 0:
                starts[name].append(start)
    rows = [{"program": name, "seconds": statistics.median(start.step.seconds for start in values),
             "seconds_to_split": statistics.median(start.split.seconds for start in values),
             "by_round": [start.step.seconds for start in values],
             "peak_resident_bytes": max(start.step.peak_bytes for start in values)} for name, values in starts.items()]
    for row in rows:
        print(f"{row['program']:<20}{row['seconds_to_split']:>8.2f} s until the split, {row['seconds']:.2f} s until the end "
              f"of the first step, {row['peak_resident_bytes'] / 2**20:.0f} MiB")
    if arguments.json:
        write_json(arguments.json, {**date_and_command(), "cases": len(os.listdir(arguments.data)),
                                    "threads": len(os.sched_getaffinity(0)), "results": rows})


if __name__ == "__main__":
    main()
