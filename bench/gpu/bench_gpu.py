"""Measures everything on a GPU, in one command that needs no network and no root:

    python3 bench/gpu/bench_gpu.py --out bench/results/NAME

It runs the GPU tests, whole training steps of every variant, the same networks in PyTorch where it is installed, single
ops, every algorithm of each convolution, and a run of revunet-train with its input. It writes NAME.json after each row,
and NAME.md at the end. What fails is reported, the rest still runs; the exit code is then 1. --stages, --sizes and
--models choose a part, which gets separate files.

On a machine without the project's packages, unpack the archive that bundle.sh makes and run it there. cuDNN and cuBLAS
are found where the toolkit is, or in the folders of pip's packages (nvidia-cudnn-cu13, nvidia-cublas).
"""
import argparse
import csv
import datetime
import json
import os
import pathlib
import re
import site
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
NO_DEVICE = 77  # kSkipped in tests/support/skip.h, which no other program returns
TRAIN_CASES = 10  # also the steps of an epoch
MODELS = ("reversible", "slabs", "stored-skips", "stored", "baseline")
# Each entry has the model, the memory format and options.
TORCH = (("baseline", "contiguous", ()), ("baseline", "channels_last_3d", ()),
         ("baseline", "contiguous", ("--compile",)), ("revtorch", "contiguous", ()),
         ("revtorch", "channels_last_3d", ()), ("autograd", "contiguous", ()))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where bin/ is")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="results go to OUT.json and OUT.md")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=["tests", "steps", "torch", "ops", "plans", "train"])
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="X,Y,Z", help="of images [" + " ".join(SIZES) + "]")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS, help="of the steps stage")
    parser.add_argument("--steps", type=int, default=8, help="timed steps a variant")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--time-limit", type=float, default=3600,
                        help="seconds after which what runs is ended and nothing more is started")
    return parser.parse_args()


def pip_libraries():
    """Returns the folders in which pip's packages have NVIDIA's libraries."""
    roots = [*site.getsitepackages(), site.getusersitepackages()]
    return [str(folder) for root in roots for folder in sorted(pathlib.Path(root).glob("nvidia/*/lib"))]


class Bench:
    def __init__(self, arguments, folder, results):
        self.arguments = arguments
        self.folder = folder  # a temporary folder
        self.results = results
        self.deadline = time.monotonic() + arguments.time_limit
        self.failures = results["failures"]
        # Only our programs get this environment. PyTorch brings its own libraries.
        self.environment = {**os.environ, "REVUNET_GOLDEN_DIR": str(ROOT / "tests/golden")}
        self.set_library_path([])

    def set_library_path(self, more):
        folders = [str(self.arguments.build / "lib"), os.environ.get("LD_LIBRARY_PATH", ""), *more]
        self.environment["LD_LIBRARY_PATH"] = ":".join(folder for folder in folders if folder)

    def expect_libraries(self):
        """Finds cuDNN and cuBLAS, and ends the program where a library is missing, with its name."""
        loads = [self.program("test_gpu"), "cuDNN and cuBLAS are loaded*"]
        for folders in ([], pip_libraries()):
            self.set_library_path(folders)
            tried = subprocess.run(loads, env=self.environment, capture_output=True, text=True)
            if tried.returncode == 0:
                return
        said = " ".join((tried.stdout + tried.stderr).split())
        reasons = re.findall(r"expected to load [^;]*|error while loading [^:]*: \S+|version `\S+ not found", said)
        sys.exit(f"bench_gpu: error: {'; '.join(reasons) or said[-500:]}; install what is missing (for example "
                 "nvidia-cudnn-cu13 and nvidia-cublas with pip), or name its folder in LD_LIBRARY_PATH")

    def save(self):
        """Writes what there is so far, because a run may be cut off."""
        write_json(f"{self.arguments.out}.json", self.results)

    def add(self, rows, row):
        """Adds a row, unless it failed, and writes the file."""
        if row:
            rows.append(row)
        self.save()

    def fail(self, name, reason):
        """Reports a failure. Returns None, which the caller returns as its result."""
        self.failures.append(f"{name}: {reason}".replace(self.folder + os.sep, ""))
        print(self.failures[-1], file=sys.stderr, flush=True)

    def run(self, name, command, environment=None):
        """Returns the command's output, or None where it failed or there is no time left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            return self.fail(name, "not started, the time limit was reached")
        print(f"{name} ...", file=sys.stderr, flush=True)
        command = [str(word) for word in command]
        try:
            done = subprocess.run(command, env=environment or self.environment, capture_output=True, text=True,
                                  timeout=left)
        except subprocess.TimeoutExpired:
            return self.fail(name, "ended at the time limit")
        except OSError as error:
            return self.fail(name, error)
        if done.returncode == NO_DEVICE:
            sys.exit("bench_gpu: error: expected a CUDA device, got none; see nvidia-smi")
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
    bench.results["tests"] = output.strip().splitlines()[-1] if output else None
    bench.save()


def run_sanitizer(bench):
    """Runs compute-sanitizer over the ops' cases, including the libraries' own kernels."""
    results = bench.results["sanitizer"] = {}
    for tool in ("memcheck", "racecheck", "synccheck", "initcheck"):
        output = bench.run(f"compute-sanitizer {tool}",
                           ["compute-sanitizer", "--tool", tool, "--error-exitcode", "9",
                            bench.program("test_gpu"), "CUDA kernels agree with f64 on the CPU*"])
        results[tool] = output.strip().splitlines()[-1] if output else None
        bench.save()


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
    rows = bench.results["steps"] = []
    for size, model, depth, precision, deterministic in step_variants(bench.arguments):
        freedom = "" if deterministic else ", not deterministic"
        report = bench.report_of(f"{model}, depth {depth}, {precision}{freedom}, {by_x(size)}",
                                 [bench.program("bench-step"), "--models", model, "--precision", precision,
                                  "--encoder-depth", depth, "--sizes", size, "--steps", bench.arguments.steps,
                                  "--op-times"], deterministic)
        bench.add(rows, report and {"size": size, "model": model, "depth": depth, "precision": precision,
                                    "deterministic": deterministic, **report})


def run_torch(bench):
    rows = bench.results["torch"] = []
    for size in bench.arguments.sizes:
        for model, layout, options in TORCH:
            # RevTorch runs its blocks again outside autocast, in types that do not fit.
            for amp in ((),) if model == "revtorch" else ((), ("--amp",)):
                name = " ".join(("PyTorch", model, layout, *options, *amp, by_x(size)))
                output = bench.run(name, [sys.executable, pathlib.Path(__file__).with_name("torch_step.py"), "--model",
                                          model, "--size", *size.split(","), "--format", layout, *options, *amp,
                                          "--steps", bench.arguments.steps], dict(os.environ))
                bench.add(rows, output and {"size": size, "model": model, "format": layout, "options": list(options),
                                            "precision": "bf16 AMP" if amp else "TF32",
                                            **json.loads(output.strip().splitlines()[-1])})


def run_ops(bench):
    reports = bench.results["ops"] = []
    for size in bench.arguments.sizes:
        for precision in ("fp32", "bf16"):
            bench.add(reports, bench.report_of(f"ops, {precision}, {by_x(size)}",
                                               [bench.program("bench-ops"), "--precision", precision, "--size", size]))


def run_plans(bench):
    """Measures every algorithm of each convolution, at the largest size."""
    reports = bench.results["plans"] = []
    size = bench.arguments.sizes[-1]
    for precision in ("fp32", "bf16", "mixed"):
        report = bench.report_of(f"algorithms, {precision}, {by_x(size)}",
                                 [bench.program("bench-plans"), "--precision", precision, "--size", size])
        bench.add(reports, report and {"size": size, "precision": precision, **report})


def run_train(bench):
    """Trains on phantoms for 20 steps, with their input. The last epoch has neither start-up nor trials."""
    rows = bench.results["train"] = []
    size = bench.arguments.sizes[-1]
    data = os.path.join(bench.folder, "data")
    made = bench.run("phantoms", [bench.program("revunet-phantom"), "--out", data, "--cases", TRAIN_CASES, "--size", size])
    if made is None:
        return
    for precision in ("fp32", "mixed", "bf16"):
        out = os.path.join(bench.folder, f"run-{precision}")
        done = bench.run(f"revunet-train, {precision}, {by_x(size)}",
                         [bench.program("revunet-train"), "--data", data, "--out", out, "--size", size, "--epochs", "2",
                          "--val-fraction", "0", "--device", bench.arguments.device, "--precision", precision])
        if done is None:
            continue
        epochs = list(csv.DictReader(pathlib.Path(out, "log.csv").read_text().splitlines()))
        bench.add(rows, {"size": size, "precision": precision, "steps": TRAIN_CASES,
                         "seconds": float(epochs[-1]["training_seconds"]), "waiting": float(epochs[-1]["waiting_seconds"]),
                         "memory": re.findall(r"memory (?:of|outside of)[^\n]*", done)})


STAGES = {"tests": run_tests, "sanitizer": run_sanitizer, "steps": run_steps, "torch": run_torch, "ops": run_ops,
          "plans": run_plans, "train": run_train}


def main():
    arguments = parse_arguments()
    if not os.access(arguments.build / "bin/bench-step", os.X_OK):
        sys.exit(f"bench_gpu: error: no program at {arguments.build / 'bin/bench-step'}; "
                 "build the project, or name --build")
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    results = {"date": date, "command": " ".join(["bench_gpu.py", *sys.argv[1:]]), "failures": []}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, folder, results)
        bench.expect_libraries()
        for stage in arguments.stages:
            STAGES[stage](bench)
    descriptions = [row["variants"][0]["device"] for row in results.get("steps", [])]
    descriptions += [report["device"] for report in results.get("ops", []) + results.get("plans", [])]
    results["device"] = descriptions[0] if descriptions else arguments.device
    bench.save()
    text = markdown(results)
    write_text(f"{arguments.out}.md", text)
    print(text)
    sys.exit(1 if results["failures"] else 0)


if __name__ == "__main__":
    main()
