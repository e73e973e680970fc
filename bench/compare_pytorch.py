"""Training steps of this engine and of the same networks in PyTorch, taking turns on one machine.

    python3 bench/compare_pytorch.py --json results.json

bench-step waits on a pipe and runs one round (a step of each of its variants) for every line it gets; PyTorch's steps
run in this process between two such rounds. So both sides stay warm, never run at once, and meet the same noise.
Ratios are taken within each round, then their median over the rounds. Both sides: f32, batch 1, forward, Dice loss,
backward, Adam.
"""
import argparse
import datetime
import os
import pathlib
import statistics
import sys
import tempfile

from result_file import without_temporary_files, write_json
from step_process import StepProcess
from torch_run import FORMATS, ROOT, TorchRun, load_torch, versions

ENGINE_MODELS = ("reversible", "stored-skips", "stored", "baseline")
# Each of PyTorch's variants does the same work as one of the engine's.
COUNTERPART = {"revtorch": "stored-skips", "autograd": "stored", "baseline": "baseline"}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench-step", default=ROOT / "build/release/bin/bench-step", help="the built program")
    parser.add_argument("--size", type=int, nargs=3, default=(64, 64, 64), metavar=("X", "Y", "Z"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS),
                        help="PyTorch's memory formats to try: which is faster depends on machine and network")
    parser.add_argument("--json", help="write the results to this file too")
    return parser.parse_args()


def start_engine(arguments, json_path):
    options = ["--models", ",".join(ENGINE_MODELS), "--sizes", ",".join(map(str, arguments.size)),
               "--threads", str(arguments.threads)]
    return StepProcess(arguments.bench_step, options, json_path)


def measure(arguments, engine, runs):
    """Returns the seconds of every round by variant. PyTorch runs a warm-up step first, as bench-step does."""
    for run in runs.values():
        run.step()
    seconds = {name: [] for name in (*ENGINE_MODELS, *runs)}
    for index in range(arguments.rounds):
        print(f"round {index + 1} of {arguments.rounds}", file=sys.stderr)
        engine.ask()
        for name, value in zip(ENGINE_MODELS, engine.seconds()):
            seconds[name].append(value)
        for name, run in runs.items():
            seconds[name].append(run.step())
    return seconds


def summary(values):
    return {"median": statistics.median(values), "minimum": min(values), "maximum": max(values)}


def results(seconds, runs):
    rows = []
    for name, values in seconds.items():
        row = {"variant": name, "seconds": summary(values), "seconds_by_round": values}
        if name in runs:
            own = COUNTERPART[name.split()[1]]
            row["counterpart"] = own
            row["times_slower_than_counterpart"] = summary([a / b for a, b in zip(values, seconds[own])])
        rows.append(row)
    return rows


def print_table(rows):
    print(f"{'variant':<44}{'s/step':>9}{'min':>9}{'max':>9}   against ours")
    for row in rows:
        s = row["seconds"]
        against = ""
        if "counterpart" in row:
            ratio = row["times_slower_than_counterpart"]
            against = f"{ratio['median']:.2f} x {row['counterpart']} ({ratio['minimum']:.2f} to {ratio['maximum']:.2f})"
        print(f"{row['variant']:<44}{s['median']:>9.3f}{s['minimum']:>9.3f}{s['maximum']:>9.3f}   {against}")


def check_same_networks(engine_report, runs):
    own = {variant["model"]: variant["parameters"] for variant in engine_report["variants"]}
    for name, run in runs.items():
        expected = own[COUNTERPART[name.split()[1]]]
        if run.parameters() != expected:
            sys.exit(f"compare_pytorch: error: {name} has {run.parameters()} parameters, ours {expected}: "
                     "not the same network")


def main():
    arguments = parse_arguments()
    if not os.access(arguments.bench_step, os.X_OK):
        sys.exit(f"compare_pytorch: error: no program at {arguments.bench_step}; build bench-step, or name it with "
                 "--bench-step")
    torch, reference, models, skipped = load_torch()
    if torch:
        torch.set_num_threads(arguments.threads)
    for reason in skipped:
        print(f"skipped {reason}")
    runs = {f"torch {model} {layout}": TorchRun(torch, reference, model, layout, arguments.size)
            for model in models for layout in arguments.formats}
    with tempfile.TemporaryDirectory() as folder:
        engine = start_engine(arguments, os.path.join(folder, "bench-step.json"))
        seconds = measure(arguments, engine, runs)
        report = without_temporary_files(engine.finish(), folder)
    check_same_networks(report, runs)
    rows = results(seconds, runs)
    print_table(rows)
    if arguments.json:
        command = [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        write_json(arguments.json, {"date": date, "command": " ".join(command), "versions": versions(torch),
                                    "threads": arguments.threads, "size": list(arguments.size), "skipped": skipped,
                                    "results": rows, "engine": report})


if __name__ == "__main__":
    main()
