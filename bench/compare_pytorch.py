"""This engine and the same networks in PyTorch, taking turns on one machine: training steps, or predictions.

    python3 bench/compare_pytorch.py --json steps.json
    python3 bench/compare_pytorch.py --inference --json predictions.json

bench-step (or bench-predict) waits on a pipe and runs one round (each of its variants once) for every line it gets. There
is one such process for each precision. PyTorch's variants run in this process after them. So both sides stay warm, never
run at once, and meet the same noise. Of PyTorch's memory formats, the one with the smaller median counts. Ratios are taken
within each round, then their median over the rounds.

A step is forward, Dice loss, backward and Adam on a batch of 1. A prediction is the forward pass from an image to
probabilities, without gradients. PyTorch's bf16 is autocast, under which RevTorch cannot run: it runs its blocks again
outside autocast, in types that do not fit. So the reversible networks in bf16 and mixed precision are compared with the same
modules whose activations autograd stores. `autograd` names these modules, without RevTorch, in predictions too.

--cpu-instructions leaves both sides no more than these: PyTorch's loops and its oneDNN are limited as well.
"""
import argparse
import collections
import os
import pathlib
import statistics
import sys
import tempfile
import typing

from engine_process import EngineProcess
from host_memory import bound_own_memory
from result_file import date_and_command, summary, without_temporary_files, write_json
from torch_run import FORMATS, ROOT, TorchRun, load_torch, versions

PRECISIONS = ("fp32", "mixed", "bf16")
# What limits PyTorch's oneDNN and its own loops as --cpu-instructions limits ours.
TORCH_LIMITS = {"avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
                "avx512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "ATEN_CPU_CAPABILITY": "avx512"},
                "amx": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_AMX"}}


class Comparison(typing.NamedTuple):
    """Ours and PyTorch's way to run the same network."""
    model: str
    precision: str
    torch_model: str

    @property
    def ours(self):
        return f"{self.model} {self.precision}"

    @property
    def theirs(self):
        return f"PyTorch {self.torch_model} {'fp32' if self.precision == 'fp32' else 'bf16'}"


class Work(typing.NamedTuple):
    """What is timed, by which program, and what is compared."""
    name: str
    program: str
    torch: typing.Callable  # returns the seconds of a TorchRun's work
    size: tuple             # the default one
    models: dict            # the program's variants in each precision
    comparisons: tuple
    own: tuple              # pairs of models whose times are compared in each precision that has both


STEP = Work("training step", "bench-step", TorchRun.step, (64, 64, 64),
            {"fp32": ("reversible", "stored-skips", "stored", "baseline"), "mixed": ("reversible",),
             "bf16": ("reversible", "stored", "baseline")},
            (Comparison("reversible", "fp32", "revtorch"),
             Comparison("stored-skips", "fp32", "revtorch"),  # the paper's scheme, as in PyTorch
             Comparison("stored", "fp32", "autograd"),
             Comparison("baseline", "fp32", "baseline"),
             Comparison("reversible", "mixed", "autograd"),
             Comparison("reversible", "bf16", "autograd"),
             Comparison("stored", "bf16", "autograd"),
             Comparison("baseline", "bf16", "baseline")),
            (("reversible", "stored"),))
# A prediction keeps nothing for a backward pass, so there are no modes, and autograd is off.
PREDICTION = Work("prediction", "bench-predict", TorchRun.predict, (160, 192, 160),
                  {"fp32": ("reversible", "baseline"), "mixed": ("reversible",), "bf16": ("reversible", "baseline")},
                  (Comparison("reversible", "fp32", "autograd"),
                   Comparison("baseline", "fp32", "baseline"),
                   Comparison("reversible", "mixed", "autograd"),
                   Comparison("reversible", "bf16", "autograd"),
                   Comparison("baseline", "bf16", "baseline")),
                  ())


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="the built programs")
    parser.add_argument("--inference", action="store_true", help="compare predictions; without it, training steps")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=["fp32", "bf16"],
                        help="of ours; mixed and bf16 are compared with PyTorch's bf16 autocast")
    parser.add_argument("--size", type=int, nargs=3, metavar=("X", "Y", "Z"),
                        help="voxels of the image [64 64 64; with --inference 160 192 160]")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu-instructions", choices=TORCH_LIMITS, help="of both sides at most [all of the processor's]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS),
                        help="PyTorch's memory formats to try: which is faster depends on machine and network")
    parser.add_argument("--json", help="write the results to this file too")
    arguments = parser.parse_args()
    arguments.work = PREDICTION if arguments.inference else STEP
    arguments.size = arguments.size or list(arguments.work.size)
    # An order of their own, each once.
    arguments.precisions = [precision for precision in PRECISIONS if precision in arguments.precisions]
    program = arguments.bin / arguments.work.program
    if not os.access(program, os.X_OK):
        parser.error(f"expected a program at {program}, got none; build {arguments.work.program}, or name its folder "
                     "with --bin")
    return arguments


def comparisons_of(arguments):
    return [c for c in arguments.work.comparisons if c.precision in arguments.precisions]


def start_engines(arguments, folder):
    """Returns a warm process for each precision."""
    options = ["--sizes", ",".join(map(str, arguments.size)), "--threads", str(arguments.threads)]
    if arguments.cpu_instructions:
        options += ["--cpu-instructions", arguments.cpu_instructions]
    return {precision: EngineProcess(arguments.bin / arguments.work.program,
                                     ["--models", ",".join(arguments.work.models[precision]), "--precision", precision,
                                      *options],
                                     os.path.join(folder, f"{precision}.json"))
            for precision in arguments.precisions}


class TorchVariants:
    """PyTorch's side. What cannot run is named in not_run, with the reason."""

    def __init__(self, arguments):
        self.arguments, self.runs, self.not_run = arguments, {}, {}
        self.torch, self.reference, self.models, self.skipped = load_torch()
        if self.torch:
            self.torch.set_num_threads(arguments.threads)

    def attempt(self, name, function):
        """Returns what the function returns, or None where it fails, for which the variant is dropped."""
        try:
            return function()
        except (RuntimeError, MemoryError) as error:
            self.not_run[name] = f"failed: {' '.join(str(error).split()) or type(error).__name__}"[:400]
            self.runs.pop(name, None)
            print(f"{name} {self.not_run[name]}", file=sys.stderr)
            return None

    def warm_up(self):
        """Makes the variants that the comparisons need, and runs each once, as the engine does before it is ready."""
        for theirs, model in {c.theirs: c.torch_model for c in comparisons_of(self.arguments)}.items():
            for layout in self.arguments.formats:
                name = f"{theirs} {layout}"
                if model not in self.models:
                    self.not_run[name] = f"skipped {self.skipped[0]}"
                    continue
                run = self.attempt(name, lambda: TorchRun(self.torch, self.reference, model, layout, self.arguments.size,
                                                          amp=theirs.endswith("bf16")))
                if run and self.attempt(name, lambda: self.arguments.work.torch(run)):
                    self.runs[name] = run

    def round(self):
        """Returns the seconds of each variant that has not failed."""
        seconds = {name: self.attempt(name, lambda: self.arguments.work.torch(run))
                   for name, run in list(self.runs.items())}
        return {name: value for name, value in seconds.items() if value is not None}


def measure(arguments, engines, variants):
    """Returns the seconds of every round by variant."""
    seconds = collections.defaultdict(list)
    for index in range(arguments.rounds):
        print(f"round {index + 1} of {arguments.rounds}", file=sys.stderr)
        for precision, engine in engines.items():
            engine.ask()
            for model, value in zip(arguments.work.models[precision], engine.seconds()):
                seconds[f"{model} {precision}"].append(value)
        for name, value in variants.round().items():
            seconds[name].append(value)
    return {name: values for name, values in seconds.items() if name not in variants.not_run}


def ratio(numerator, denominator):
    """Takes the ratio within each round, so that what disturbs a whole round cancels."""
    return summary([a / b for a, b in zip(numerator, denominator)])


def compare(arguments, seconds, not_run):
    """Returns a row for each comparison with PyTorch, then those of ours with ours."""
    rows = []
    for c in comparisons_of(arguments):
        row = {"numerator": c.theirs, "denominator": c.ours}
        names = [f"{c.theirs} {layout}" for layout in arguments.formats]
        reasons = {name: not_run[name] for name in names if name in not_run}
        if reasons:
            row["not_run"] = reasons
        faster = min((name for name in names if name in seconds), key=lambda name: statistics.median(seconds[name]),
                     default=None)
        if faster:
            row |= {"numerator": faster, "ratio": ratio(seconds[faster], seconds[c.ours])}
        rows.append(row)
    for precision in arguments.precisions:
        for model, base in arguments.work.own:
            if {model, base} <= set(arguments.work.models[precision]):
                row = {"numerator": f"{model} {precision}", "denominator": f"{base} {precision}"}
                rows.append(row | {"ratio": ratio(seconds[row["numerator"]], seconds[row["denominator"]])})
    return rows


def print_tables(seconds, comparisons, not_run):
    print(f"{'variant':<44}{'s':>9}{'min':>9}{'max':>9}")
    for name, values in seconds.items():
        s = summary(values)
        print(f"{name:<44}{s['median']:>9.3f}{s['minimum']:>9.3f}{s['maximum']:>9.3f}")
    for name, reason in not_run.items():
        print(f"{name:<44} {reason}")
    print(f"\n{'':<44}{'over':<22}{'ratio':>7}{'min':>7}{'max':>7}")
    for row in comparisons:
        line = f"{row['numerator']:<44}{row['denominator']:<22}"
        if "ratio" in row:
            r = row["ratio"]
            print(f"{line}{r['median']:>7.2f}{r['minimum']:>7.2f}{r['maximum']:>7.2f}"
                  f"{'   one format only, see above' if 'not_run' in row else ''}")
        else:
            print(f"{line} not compared, see above")


def check_same_networks(arguments, reports, runs):
    own = {f"{variant['model']} {precision}": variant["parameters"]
           for precision, report in reports.items() for variant in report["variants"]}
    for c in comparisons_of(arguments):
        for name, run in runs.items():
            if name.startswith(f"{c.theirs} ") and run.parameters() != own[c.ours]:
                sys.exit(f"compare_pytorch: error: {name} has {run.parameters()} parameters, ours {own[c.ours]}: not the "
                         "same network")


def main():
    arguments = parse_arguments()
    os.environ |= TORCH_LIMITS.get(arguments.cpu_instructions, {})  # PyTorch reads them as it is loaded
    variants = TorchVariants(arguments)
    with tempfile.TemporaryDirectory() as folder:
        engines = start_engines(arguments, folder)
        torch_versions = versions(variants.torch)  # loads libraries, so before memory is bounded
        bound_own_memory()  # after the engine has taken its own
        variants.warm_up()
        seconds = measure(arguments, engines, variants)
        reports = {precision: without_temporary_files(engine.finish(), folder) for precision, engine in engines.items()}
    check_same_networks(arguments, reports, variants.runs)
    comparisons = compare(arguments, seconds, variants.not_run)
    print_tables(seconds, comparisons, variants.not_run)
    if arguments.json:
        rows = [{"variant": name, "seconds": summary(values), "seconds_by_round": values}
                for name, values in seconds.items()]
        write_json(arguments.json, {**date_and_command(), "work": arguments.work.name, "versions": torch_versions,
                                    "threads": arguments.threads, "size": arguments.size, "results": rows,
                                    "not_run": variants.not_run, "comparisons": comparisons, "engine": reports})


if __name__ == "__main__":
    main()
