"""Times what a run does with each of many cases: the check, the split, and training until its first step.

    python3 bench/cases/bench_cases.py --json cases.json

Makes so many phantoms of one small size, so that what counts is the number of cases and files, not their voxels. Every case
is a patient of its own with images of its own, as copies would be violations. Then it runs revunet-check, and revunet-train
to the end of its first step: with its full check, with none, and with none and the split of an earlier run. Each program
runs once before it is timed, so that the files are in the page cache. Memory is the most that the process has had at once.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench/input")]
from first_step import first_step  # noqa: E402
from process_memory import peak_resident_bytes, run_with_memory  # noqa: E402
from result_file import date_and_command, summary, write_json  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="the built programs")
    parser.add_argument("--cases", nargs="+", type=int, default=[200, 2000],
                        help="several numbers tell the cost of a case from that of a start")
    parser.add_argument("--size", default="32,32,32", help="X,Y,Z voxels of a case, each a multiple of 4")
    parser.add_argument("--folder", type=pathlib.Path, help="keeps the phantoms, and takes them from there when run again "
                                                            "[a temporary folder]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="write the results to this file too")
    return parser.parse_args()


def run(words, **options):
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"bench_cases: error: {' '.join(words)}\nexit code {done.returncode}: {done.stderr}")


def phantoms(arguments, folder, cases):
    """Returns a dataset of so many cases. One that was cut off is made again."""
    data = folder / f"phantoms-{cases}-{arguments.size.replace(',', 'x')}"
    if not data.exists():
        print(f"{cases} phantoms", file=sys.stderr, flush=True)
        unfinished = pathlib.Path(tempfile.mkdtemp(dir=folder))
        run([arguments.bin / "revunet-phantom", "--out", unfinished / "data", "--cases", cases, "--size", arguments.size,
             "-q"])
        (unfinished / "data").rename(data)
        unfinished.rmdir()
    return data


class Stages:
    """What is timed of one dataset. Each part returns (seconds, bytes) by stage."""

    def __init__(self, arguments, folder, data):
        self.train, self.check = arguments.bin / "revunet-train", arguments.bin / "revunet-check"
        self.data, self.log, self.split = data, folder / "revunet-check.log", folder / f"{data.name}-split.json"
        self.options = f"--channels 4,8,16 --size {arguments.size} --previews 0 --no-tensorboard"

    def checked(self):
        """Runs revunet-check to its end. Its memory is read every 10 ms."""
        try:
            seconds, samples = run_with_memory([str(self.check), "--data", str(self.data), "-q"], self.log,
                                               seconds_between=0.01, memory_of=peak_resident_bytes)
        except subprocess.CalledProcessError as error:
            sys.exit(f"bench_cases: error: {error}: {self.log.read_text()[-2000:]}")
        return {"revunet-check": (seconds, max(peak for _, peak in samples))}

    def started(self, name, more, split_to=None):
        start = first_step(self.train, self.data, f"{self.options} {more}", split_to)
        return {f"{name}: split": start.split, f"{name}: first step": start.step}

    def round(self):
        return (self.checked() | self.started("train", "--val-fraction 0.2", split_to=self.split)
                | self.started("train --check none", "--val-fraction 0.2 --check none")
                | self.started("train --check none --split FILE", f"--check none --split {self.split}"))


def measure(arguments, folder, cases):
    """Returns a row for each stage."""
    stages = Stages(arguments, folder, phantoms(arguments, folder, cases))
    rounds = []
    for index in range(arguments.rounds + 1):
        print(f"{cases} cases, {f'round {index} of {arguments.rounds}' if index else 'warming up'}", file=sys.stderr,
              flush=True)
        rounds.append(stages.round())
    return [{"cases": cases, "stage": stage, "seconds": summary([r[stage][0] for r in rounds[1:]]),
             "peak_resident_bytes": max(r[stage][1] for r in rounds[1:])} for stage in rounds[0]]


def add_costs_of_a_case(rows):
    """Adds to the rows of the most cases what each case more than in the rows of the fewest takes."""
    counts = [row["cases"] for row in rows]
    few, many = min(counts), max(counts)
    if few == many:
        return
    base = {row["stage"]: row for row in rows if row["cases"] == few}
    for row in rows:
        if row["cases"] == many:
            less = base[row["stage"]]
            row["seconds_of_a_case"] = (row["seconds"]["median"] - less["seconds"]["median"]) / (many - few)
            row["bytes_of_a_case"] = (row["peak_resident_bytes"] - less["peak_resident_bytes"]) / (many - few)


def print_table(rows):
    print(f"{'stage':<44}{'cases':>7}{'s':>9}{'min':>9}{'max':>9}{'MiB':>8}{'ms/case':>9}{'KiB/case':>10}")
    stages = [row["stage"] for row in rows if row["cases"] == rows[0]["cases"]]
    for row in sorted(rows, key=lambda row: stages.index(row["stage"])):
        s = row["seconds"]
        line = (f"{row['stage']:<44}{row['cases']:>7}{s['median']:>9.3f}{s['minimum']:>9.3f}{s['maximum']:>9.3f}"
                f"{row['peak_resident_bytes'] / 2**20:>8.1f}")
        if "seconds_of_a_case" in row:
            line += f"{1000 * row['seconds_of_a_case']:>9.3f}{row['bytes_of_a_case'] / 1024:>10.2f}"
        print(line)


def main():
    arguments = parse_arguments()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or pathlib.Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for cases in sorted(set(arguments.cases)):
            rows += measure(arguments, folder, cases)
    add_costs_of_a_case(rows)
    print_table(rows)
    if arguments.json:
        write_json(arguments.json, {**date_and_command(), "size": arguments.size,
                                    "threads": len(os.sched_getaffinity(0)), "results": rows})


if __name__ == "__main__":
    main()
