"""Trains, predicts and scores with the built tools, for experiments that compare networks by their scores."""
import csv
import datetime
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

from result_file import write_json

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release/bin"
INTERRUPTED = 4  # the exit code of a run that SIGTERM ended


def run_tool(tool, *arguments, limit=None):
    """Runs a tool. With a limit in seconds, ends it after that time by SIGTERM. Returns what it printed."""
    command = [str(BIN / tool), *(str(argument) for argument in arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.terminate()
        output, _ = process.communicate()
    allowed = (0,) if limit is None else (0, INTERRUPTED)
    if process.returncode not in allowed:
        sys.exit(f"{' '.join(command)}\nexit code {process.returncode}:\n{output}")
    return output


def scores_of(predictions, references):
    """Returns the mean of each score of each region over the predictions in a folder.

    A region that a prediction lacks counts as an HD95 of 373.13 mm, so that whoever misses more is not better.
    """
    scores = pathlib.Path(f"{predictions}.scores.json")
    run_tool("revunet-evaluate", "--reference", references, "--prediction", predictions, "--scoring", "brats2021",
             "--json", scores)
    return json.loads(scores.read_text())["mean"]


def read_log(run):
    """Returns what a run's log.csv says: its length, pace and peak, and the Dice of each region by time."""
    with open(pathlib.Path(run) / "log.csv") as file:
        rows = list(csv.DictReader(file))
    dice = [name for name in rows[0] if name.startswith("dice_")]
    elapsed, curve = 0.0, []
    for row in rows:
        elapsed += float(row["training_seconds"]) + float(row["validation_seconds"])
        if row[dice[0]]:  # not every epoch is validated
            curve.append([round(elapsed, 2)] + [float(row[name]) for name in dice])
    return {"epochs": len(rows), "seconds": round(elapsed, 2),
            "seconds_per_epoch": statistics.median(float(row["training_seconds"]) for row in rows),
            "peak_allocated_bytes": max(int(row["peak_allocated_bytes"]) for row in rows),
            "validation_columns": ["seconds"] + dice, "validation": curve}


def parameters_in(output):
    """Returns the number of parameters of a network, from the first line of its training."""
    return int(output.split(" parameters")[0].split()[-1])


class Steps:
    """Keeps what each step of a long experiment found in a folder, so that the experiment can be interrupted.

    The folder remembers the arguments of the experiment, but for those named in `apart`, on which no step depends.
    """

    def __init__(self, folder, arguments, apart=("folder", "out")):
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = {name: str(value.resolve() if isinstance(value, pathlib.Path) else value)
                  for name, value in vars(arguments).items() if name not in apart}
        kept = self.folder / "arguments.json"
        if not kept.exists():
            write_json(kept, wanted)
        found = json.loads(kept.read_text())
        if found != wanted:
            sys.exit(f"[--folder] expected an experiment with {wanted}, got {folder} of one with {found}; take another "
                     "folder")

    def once(self, name, make):
        """Returns what make() returned, now or in an earlier run of the program."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            print(f"{datetime.datetime.now():%H:%M} {name}", flush=True)
            write_json(path, make())
        return json.loads(path.read_text())


def make_split(data, run, *options):
    """Trains with these options, unless that is done already, and returns the file with the split of the run."""
    if not (run / "last.safetensors").exists():
        shutil.rmtree(run, ignore_errors=True)
        run_tool("revunet-train", "--data", data, "--out", run, *options)
    return run / "split.json"


def record(program, arguments, results):
    """Returns results with the command, the date and the processor. Places on this machine are left out."""
    words = [program]
    for name, value in vars(arguments).items():
        if value is not None:
            place = isinstance(value, pathlib.Path) or name == "out"
            words += [f"--{name.replace('_', '-')}", pathlib.Path(value).name if place else f"{value:g}"]
    with open("/proc/cpuinfo") as file:
        processor = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    return {"command": " ".join(words), "date": datetime.date.today().isoformat(), "processor": processor,
            "results": results}
