"""Time and memory of steps and predictions by the size of the image, on the CPU: do they grow as the voxels do?

    python3 bench/scale.py --out bench/results/NAME

Runs bench-step and bench-predict with the reversible network, each size, precision and number of threads in a process of its
own, small sizes first, and writes NAME.json after each. Large sizes get few repeats. A run is left out where there is not
enough memory for it, or not enough of the --minutes, as far as the next smaller size tells; the table and the file say so.
The table marks where the time per voxel is more than 15 % above the smallest of the same work, precision and threads.
NAME.svg shows time and memory per voxel, drawn with matplotlib; --parts draw draws it again from NAME.json.
"""
import argparse
import itertools
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from host_memory import available_bytes
from result_file import date_and_command, without_temporary_files, write_json

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZES = ["32,32,32", "64,64,64", "96,96,96", "128,128,128", "160,192,160"]
PARTS = ("measure", "draw")
WORKS = {"step": ("bench-step", "--steps"), "prediction": ("bench-predict", "--passes")}  # program, option for repeats
TIMED_VOXELS, MOST_REPEATS = 4e6, 8  # of all repeats of a run; a run has one at least, after one for warming up
MUCH_ABOVE = 0.15  # the share by which a time per voxel may be above the smallest unmarked


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="the built programs")
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="X,Y,Z", help=f"of the image [{' '.join(SIZES)}]")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "mixed", "bf16"), default=["fp32", "bf16"])
    parser.add_argument("--works", nargs="+", choices=list(WORKS), default=list(WORKS))
    parser.add_argument("--minutes", type=float, default=15, help="after which no run may end, as far as can be told [15]")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", required=True, help="files of results, without .json and .svg")
    return parser.parse_args()


def voxels_of(size):
    return math.prod(int(extent) for extent in size.split(","))


def repeats_of(size):
    return max(1, min(MOST_REPEATS, round(TIMED_VOXELS / voxels_of(size))))


class Scale:
    """Runs the programs, and keeps what smaller sizes tell of larger ones."""

    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.end = time.monotonic() + 60 * arguments.minutes
        self.smaller = {}  # the row of the next smaller size, by series, with wall-clock seconds of its run
        self.results = {**date_and_command(), "results": [], "left_out": []}

    def save(self):
        write_json(f"{self.arguments.out}.json", self.results)

    def leave_out(self, key, size, reason):
        work, precision, threads = key
        print(f"{work} {precision} {threads}t {size}: left out, {reason}", file=sys.stderr, flush=True)
        self.results["left_out"].append({"work": work, "precision": precision, "threads": threads, "size": size,
                                         "reason": reason})

    def obstacle(self, key, size):
        """Returns why a run should not start, or None. Bytes per voxel fall with the size, so the estimate is enough."""
        if key not in self.smaller:
            return None
        row, seconds = self.smaller[key]
        ratio = voxels_of(size) / row["voxels"]
        need, free = row["bytes_per_voxel"] * voxels_of(size), available_bytes()
        if need > free:
            return f"it would take {need / 2**20:.0f} MiB and {free / 2**20:.0f} MiB are available"
        seconds *= ratio * (repeats_of(size) + 1) / (row["repeats"] + 1)
        left = self.end - time.monotonic()
        if seconds > left:
            return f"it would take about {seconds:.0f} s and {max(left, 0):.0f} s of --minutes are left"
        return None

    def report_of(self, key, size):
        """Returns (what the program wrote, None), or (None, why it failed)."""
        work, precision, threads = key
        program, repeats = WORKS[work]
        path = os.path.join(self.folder, "report.json")
        done = subprocess.run([str(self.arguments.bin / program), "--device", "cpu", "--models", "reversible",
                               "--precision", precision, "--sizes", size, "--threads", str(threads), repeats,
                               str(repeats_of(size)), "--json", path], capture_output=True, text=True)
        if done.returncode < 0:
            return None, f"signal {-done.returncode} ended it, as the system does where memory runs out"
        if done.returncode > 0:
            return None, f"exit code {done.returncode}: {done.stderr.strip()}"
        with open(path) as file:
            return without_temporary_files(json.load(file), self.folder), None

    def measure(self, key, size):
        reason = self.obstacle(key, size)
        if reason:
            return self.leave_out(key, size, reason)
        begin = time.monotonic()
        report, reason = self.report_of(key, size)
        if reason:
            return self.leave_out(key, size, reason)
        variant, voxels = report["variants"][0], voxels_of(size)
        row = dict(zip(("work", "precision", "threads"), key)) | {
            "size": size, "voxels": voxels, "repeats": repeats_of(size), "seconds": variant["seconds"],
            "seconds_per_million_voxels": variant["seconds"]["median"] / voxels * 1e6,
            "peak_allocated_bytes": variant["memory"]["peak_allocated_bytes"],
            "bytes_per_voxel": variant["memory"]["peak_allocated_bytes"] / voxels}
        print(f"{' '.join(map(str, key))}t {size}: {variant['seconds']['median']:.3f} s", file=sys.stderr, flush=True)
        self.smaller[key] = row, time.monotonic() - begin
        self.results["results"].append(row)
        self.results["engine"] = {part: report[part] for part in ("machine", "build")}


def series(rows):
    """Returns the rows of each work, precision and number of threads, by size."""
    by_key = {}
    for row in rows:
        by_key.setdefault((row["work"], row["precision"], row["threads"]), []).append(row)
    return by_key


def add_shares_above_smallest(rows):
    for own in series(rows).values():
        smallest = min(row["seconds_per_million_voxels"] for row in own)
        for row in own:
            row["time_above_smallest"] = row["seconds_per_million_voxels"] / smallest - 1


def print_table(results):
    print(f"{'work':<12}{'precision':<11}{'threads':>7}{'size':>14}{'repeats':>9}{'s':>9}{'s/Mvoxel':>10}{'MiB':>9}"
          f"{'bytes/voxel':>13}")
    for own in series(results["results"]).values():
        for row in own:
            above = row["time_above_smallest"]
            mark = f"   {100 * above:.0f} % above the smallest time per voxel" if above > MUCH_ABOVE else ""
            print(f"{row['work']:<12}{row['precision']:<11}{row['threads']:>7}{row['size']:>14}{row['repeats']:>9}"
                  f"{row['seconds']['median']:>9.3f}{row['seconds_per_million_voxels']:>10.3f}"
                  f"{row['peak_allocated_bytes'] / 2**20:>9.0f}{row['bytes_per_voxel']:>13.0f}{mark}")
    for row in results["left_out"]:
        print(f"{row['work']:<12}{row['precision']:<11}{row['threads']:>7}{row['size']:>14} left out: {row['reason']}")


def measure_all(arguments):
    missing = [program for program, _ in (WORKS[work] for work in arguments.works)
               if not os.access(arguments.bin / program, os.X_OK)]
    if missing:
        sys.exit(f"scale: error: expected {' and '.join(missing)} in {arguments.bin}, got none; build them, or name their "
                 "folder with --bin")
    with tempfile.TemporaryDirectory() as folder:
        scale = Scale(arguments, folder)
        for size in sorted(arguments.sizes, key=voxels_of):
            for key in itertools.product(arguments.works, arguments.precisions, arguments.threads):
                scale.measure(key, size)
                add_shares_above_smallest(scale.results["results"])
                scale.save()
    print_table(scale.results)


def drawing():
    """Returns the function that draws. It is looked for before anything is measured."""
    try:
        from curves import draw_curves
    except ImportError as error:
        sys.exit(f"scale: error: expected matplotlib (Debian: python3-matplotlib), got: {error}; install it, or give "
                 "--parts measure")
    return draw_curves


def draw(draw_curves, out):
    with open(f"{out}.json") as file:
        by_key = series(json.load(file)["results"])
    colours = {"step": "tab:red", "prediction": "tab:blue"}
    lines = {"fp32": "-", "mixed": ":", "bf16": "--"}
    markers = dict(zip(sorted({threads for _, _, threads in by_key}), itertools.cycle("os^v")))

    def curves(value):
        return [(f"{work}, {precision}, {threads} {'thread' if threads == 1 else 'threads'}",
                 {"color": colours[work], "linestyle": lines[precision], "marker": markers[threads], "markersize": 4},
                 [[row["voxels"], row[value]] for row in own]) for (work, precision, threads), own in by_key.items()]

    draw_curves(f"{out}.svg", {"seconds per million voxels": curves("seconds_per_million_voxels"),
                               "peak memory, bytes per voxel": curves("bytes_per_voxel")},
                "million voxels", 1e6, logarithmic=True)


def main():
    arguments = parse_arguments()
    draw_curves = drawing() if "draw" in arguments.parts else None
    if "measure" in arguments.parts:
        measure_all(arguments)
    if draw_curves:
        draw(draw_curves, arguments.out)


if __name__ == "__main__":
    main()
