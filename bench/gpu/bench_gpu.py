"""Measures everything on a GPU, in one command that needs no network and no root:

    python3 bench/gpu/bench_gpu.py --out bench/results/NAME

It runs the GPU tests, whole training steps of every variant, the same networks in PyTorch where it is installed, and
single ops, and writes NAME.json and NAME.md. What fails is reported, the rest still runs; the exit code is then 1.
--stages, --sizes and --models choose a part, which gets separate files.

On a machine that has the CUDA toolkit but not the packages that the programs were built with, run bundle.sh beside the
build first and carry build/release along: its lib/ is found.
"""
import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from report import by_x, markdown
from result_file import without_temporary_files, write_json, write_text
from torch_run import ROOT

FULL = "160,192,160"
SIZES = ("128,128,128", FULL)
MODELS = ("reversible", "stored-skips", "stored", "baseline")
# Each entry has the model, the memory format and options.
TORCH = (("baseline", "contiguous", ()), ("baseline", "channels_last_3d", ()),
         ("baseline", "contiguous", ("--compile",)), ("revtorch", "contiguous", ()),
         ("revtorch", "channels_last_3d", ()), ("autograd", "contiguous", ()))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where bin/ is")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="results go to OUT.json and OUT.md")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=["tests", "steps", "torch", "ops"])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES, metavar="X,Y,Z", help=" or ".join(SIZES))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS, help="of the steps stage")
    parser.add_argument("--steps", type=int, default=8, help="timed steps a variant")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--time-limit", type=float, default=3600,
                        help="seconds after which what runs is ended and nothing more is started")
    return parser.parse_args()


class Bench:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder  # a temporary folder
        self.deadline = time.monotonic() + arguments.time_limit
        self.failures = []
        self.environment = dict(os.environ)
        library_path = [str(arguments.build / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
        self.environment["LD_LIBRARY_PATH"] = ":".join(path for path in library_path if path)

    def fail(self, name, reason):
        """Reports a failure. Returns None, which the caller returns as its result."""
        self.failures.append(f"{name}: {reason}".replace(self.folder + os.sep, ""))
        print(self.failures[-1], file=sys.stderr, flush=True)

    def run(self, name, command):
        """Returns the command's output, or None where it failed or there is no time left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            return self.fail(name, "not started, the time limit was reached")
        print(f"{name} ...", file=sys.stderr, flush=True)
        command = [str(word) for word in command]
        try:
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=left)
        except subprocess.TimeoutExpired:
            return self.fail(name, "ended at the time limit")
        except OSError as error:
            return self.fail(name, error)
        if done.returncode != 0:
            lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
            return self.fail(name, "\n".join([f"exit code {done.returncode}", *lines[-15:]]))
        return done.stdout

    def program(self, name):
        return self.arguments.build / "bin" / name

    def report_of(self, name, command, deterministic=True):
        """Returns what a program of ours writes with --json. Plans of convolutions are chosen once, then kept."""
        path = pathlib.Path(self.folder, "result.json")
        path.unlink(missing_ok=True)  # of the previous program
        cache = os.path.join(self.folder, "plans.json" if deterministic else "other-plans.json")
        options = ["--device", self.arguments.device, "--conv-algorithms", cache, "--json", path]
        if self.run(name, [*command, *options, *(() if deterministic else ("--no-deterministic",))]) is None:
            return None
        try:
            return without_temporary_files(json.loads(path.read_text()), self.folder)
        except (OSError, ValueError):
            return self.fail(name, "wrote no JSON")


def run_tests(bench):
    output = bench.run("GPU tests", [bench.program("test_gpu")])
    if output is not None and "skipped" in output:
        sys.exit("bench_gpu: error: expected a CUDA device, got none; see nvidia-smi")
    return output.strip().splitlines()[-1] if output else None


def run_sanitizer(bench):
    """Runs compute-sanitizer over the ops' cases, including the libraries' own kernels."""
    results = {}
    for tool in ("memcheck", "racecheck", "synccheck", "initcheck"):
        output = bench.run(f"compute-sanitizer {tool}",
                           ["compute-sanitizer", "--tool", tool, "--error-exitcode", "9",
                            bench.program("test_gpu"), "CUDA kernels agree with f64 on the CPU*"])
        results[tool] = output.strip().splitlines()[-1] if output else None
    return results


def step_variants(arguments):
    """Returns size, model, encoder depth, precision and deterministic of each variant."""
    for size in arguments.sizes:
        for model in arguments.models:
            for precision in ("fp32", "bf16") if model == "baseline" else ("fp32", "mixed", "bf16"):
                yield size, model, 1, precision, True
                if model != "reversible" or size != FULL:
                    continue
                yield size, model, 1, precision, False
                for depth in (2, 3, 4):
                    yield size, model, depth, precision, True


def run_steps(bench):
    rows = []
    for size, model, depth, precision, deterministic in step_variants(bench.arguments):
        freedom = "" if deterministic else ", not deterministic"
        report = bench.report_of(f"{model}, depth {depth}, {precision}{freedom}, {by_x(size)}",
                                 [bench.program("bench-step"), "--models", model, "--precision", precision,
                                  "--encoder-depth", depth, "--sizes", size, "--steps", bench.arguments.steps,
                                  "--op-times"], deterministic)
        if report:
            rows.append({"size": size, "model": model, "depth": depth, "precision": precision,
                         "deterministic": deterministic, **report})
    return rows


def run_torch(bench):
    rows = []
    for size in bench.arguments.sizes:
        for model, layout, options in TORCH:
            # RevTorch runs its blocks again outside autocast, in types that do not fit.
            for amp in ((),) if model == "revtorch" else ((), ("--amp",)):
                name = " ".join(("PyTorch", model, layout, *options, *amp, by_x(size)))
                output = bench.run(name, [sys.executable, pathlib.Path(__file__).with_name("torch_step.py"), "--model",
                                          model, "--size", *size.split(","), "--format", layout, *options, *amp,
                                          "--steps", bench.arguments.steps])
                if output:
                    rows.append({"size": size, "model": model, "format": layout, "options": list(options),
                                 "precision": "bf16 AMP" if amp else "TF32",
                                 **json.loads(output.strip().splitlines()[-1])})
    return rows


def run_ops(bench):
    reports = []
    for size in bench.arguments.sizes:
        for precision in ("fp32", "bf16"):
            report = bench.report_of(f"ops, {precision}, {by_x(size)}",
                                     [bench.program("bench-ops"), "--precision", precision, "--size", size])
            if report:
                reports.append(report)
    return reports


STAGES = {"tests": run_tests, "sanitizer": run_sanitizer, "steps": run_steps, "torch": run_torch, "ops": run_ops}


def main():
    arguments = parse_arguments()
    if not os.access(arguments.build / "bin/bench-step", os.X_OK):
        sys.exit(f"bench_gpu: error: no program at {arguments.build / 'bin/bench-step'}; "
                 "build the project, or name --build")
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    results = {"date": date, "command": " ".join(["bench_gpu.py", *sys.argv[1:]])}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, folder)
        for stage in arguments.stages:
            results[stage] = STAGES[stage](bench)
    descriptions = [row["variants"][0]["device"] for row in results.get("steps", [])]
    descriptions += [report["device"] for report in results.get("ops", [])]
    results["device"] = descriptions[0] if descriptions else arguments.device
    results["failures"] = bench.failures
    write_json(f"{arguments.out}.json", results)
    text = markdown(results)
    write_text(f"{arguments.out}.md", text)
    print(text)
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
