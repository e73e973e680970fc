"""Times revunet-train from its start to the end of its first step, which is after the check, hashes and the first cases.

    build/release/bin/revunet-phantom --out PHANTOMS --cases 20
    python3 bench/input/first_step.py --data PHANTOMS --json first_step.json

Programs take turns, so that several builds can be compared. A run is ended after its first step. The files are in the
page cache, because each program has read them once before it is timed.
"""
import argparse
import datetime
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from result_file import write_json  # noqa: E402

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


def first_step(program, data, options):
    """Returns the seconds until the line of the first step."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--data", data, "--out", f"{folder}/run", *options.split(), "--device", "cpu",
                   "--max-steps", "1", "-v"]
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        seconds = next((time.monotonic() - begin for line in process.stdout if line.startswith("step 1 ")), None)
        process.kill()
        process.wait()
    if seconds is None:
        sys.exit(f"first_step: error: expected a line of the first step, got none; try: {' '.join(command)}")
    return seconds


def main():
    arguments = parse_arguments()
    programs = dict(train.split("=", 1) for train in arguments.train)
    seconds = {name: [] for name in programs}
    for turn in range(arguments.rounds + 1):
        for name, program in programs.items():
            value = first_step(program, arguments.data, arguments.options)
            if turn > 0:
                seconds[name].append(value)
    rows = [{"program": name, "seconds": statistics.median(values), "by_round": values}
            for name, values in seconds.items()]
    for row in rows:
        print(f"{row['program']:<20}{row['seconds']:>8.2f} s until the end of the first step")
    if arguments.json:
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        command = f"first_step.py --options '{arguments.options}' --rounds {arguments.rounds}"
        write_json(arguments.json, {"date": date, "command": command, "cases": len(os.listdir(arguments.data)),
                                    "threads": len(os.sched_getaffinity(0)), "results": rows})


if __name__ == "__main__":
    main()
