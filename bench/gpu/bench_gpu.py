"""All that is measured on a GPU, in one command that needs no network and no root:

    python3 bench/gpu/bench_gpu.py --out bench/results/NAME

runs the GPU tests, whole training steps of every variant, the same networks in PyTorch where it is installed, and single
ops, and writes NAME.json and NAME.md. What fails is reported, the rest still runs; the exit code is then 1.

On a machine that has the CUDA toolkit but not the packages that the programs were built with, run bundle.sh beside the
build first and carry build/release along: its lib/ is found.
"""
import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from torch_run import ROOT, write_json, write_text

STAGES = ("tests", "steps", "torch", "ops", "sanitizer")
SIZES = ((128, 128, 128), (160, 192, 160))
FULL = SIZES[1]
# Model and encoder depth; every one in fp32 (TF32 tensor cores) and bf16, at both sizes.
ENGINE = (("reversible", 1), ("stored-skips", 1), ("stored", 1), ("baseline", 1))
DEEPER = (("reversible", 2), ("reversible", 3), ("reversible", 4))  # at full size alone
# Model, memory format, options.
TORCH = (("baseline", "contiguous", ()), ("baseline", "channels_last_3d", ()), ("baseline", "contiguous", ("--compile",)),
         ("revtorch", "contiguous", ()), ("revtorch", "channels_last_3d", ()), ("autograd", "contiguous", ()))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where bin/ is")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="results go to OUT.json and OUT.md")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES[:4]))
    parser.add_argument("--steps", type=int, default=8, help="timed steps a variant")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--time-limit", type=float, default=3600, help="seconds after which no program is started")
    return parser.parse_args()


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.deadline = time.monotonic() + arguments.time_limit
        self.failures = []
        self.environment = dict(os.environ)
        library_path = [str(arguments.build / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
        self.environment["LD_LIBRARY_PATH"] = ":".join(path for path in library_path if path)

    def run(self, name, command):
        """Its output, or None where it failed or there is no time left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.failures.append(f"{name}: not started, the time limit was reached")
            return None
        print(f"{name} ...", file=sys.stderr, flush=True)
        command = [str(word) for word in command]
        try:
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=left)
        except (OSError, subprocess.TimeoutExpired) as error:
            self.failures.append(f"{name}: {error}")
            return None
        if done.returncode != 0:
            lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
            self.failures.append(f"{name}: exit code {done.returncode}: " + "\n".join(lines[-15:]))
            print(self.failures[-1], file=sys.stderr, flush=True)
            return None
        return done.stdout

    def program(self, name):
        return self.arguments.build / "bin" / name

    def json_of(self, name, command):
        """What a program of ours writes with --json."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "result.json")
            if self.run(name, [*command, "--json", path]) is None:
                return None
            with open(path) as file:
                return json.load(file)


def run_tests(bench):
    output = bench.run("GPU tests", [bench.program("test_gpu")])
    if output is not None and "skipped" in output:
        sys.exit("bench_gpu: error: expected a CUDA device, got none; see nvidia-smi")
    return output.strip().splitlines()[-1] if output else None


def run_sanitizer(bench):
    """compute-sanitizer over the ops' cases; the libraries' own kernels take part."""
    results = {}
    for tool in ("memcheck", "racecheck", "synccheck", "initcheck"):
        output = bench.run(f"compute-sanitizer {tool}",
                           ["compute-sanitizer", "--tool", tool, "--error-exitcode", "9",
                            bench.program("test_gpu"), "CUDA kernels agree with f64 on the CPU*"])
        results[tool] = output.strip().splitlines()[-1] if output else None
    return results


def step_variants():
    for size in SIZES:
        for model, depth in ENGINE + (DEEPER if size == FULL else ()):
            for precision in ("fp32", "bf16"):
                yield size, model, depth, precision


def run_steps(bench, plan_cache):
    rows = []
    for size, model, depth, precision in step_variants():
        text = "x".join(map(str, size))
        report = bench.json_of(f"{model}, depth {depth}, {precision}, {text}",
                               [bench.program("bench-step"), "--device", bench.arguments.device, "--models", model,
                                "--precision", precision, "--encoder-depth", depth, "--sizes",
                                ",".join(map(str, size)), "--steps", bench.arguments.steps, "--op-times",
                                "--plan-cache", plan_cache])
        if report:
            rows.append({"size": text, "model": model, "depth": depth, "precision": precision, **report})
    return rows


def run_torch(bench):
    rows = []
    for size in SIZES:
        for model, layout, options in TORCH:
            for amp in ((), ("--amp",)):
                name = " ".join(("PyTorch", model, layout, *options, *amp, "x".join(map(str, size))))
                output = bench.run(name, [sys.executable, pathlib.Path(__file__).with_name("torch_step.py"), "--model",
                                          model, "--size", *size, "--format", layout, *options, *amp, "--steps",
                                          bench.arguments.steps])
                if output:
                    rows.append({"size": "x".join(map(str, size)), "model": model, "format": layout,
                                 "options": list(options), "precision": "bf16 AMP" if amp else "TF32",
                                 **json.loads(output.strip().splitlines()[-1])})
    return rows


def run_ops(bench, plan_cache):
    reports = []
    for size in SIZES:
        for precision in ("fp32", "bf16"):
            report = bench.json_of(f"ops, {precision}, " + "x".join(map(str, size)),
                                   [bench.program("bench-ops"), "--device", bench.arguments.device, "--precision",
                                    precision, "--size", ",".join(map(str, size)), "--plan-cache", plan_cache])
            if report:
                reports.append(report)
    return reports


def table(header, rows):
    lines = ["| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows]]
    return "\n".join(lines) + "\n"


def mib(count):
    return f"{count / 2**20:.0f}"


def markdown(results):
    text = f"# {results['device']}\n\n{results['date']}, `{results['command']}`\n\n"
    if results.get("tests"):
        text += f"GPU tests: {results['tests']}\n\n"
    rows = []
    for row in results.get("steps", []):
        variant = row["variants"][0]
        memory, seconds = variant["memory"], variant["seconds"]
        rows.append((row["size"], row["model"], str(row["depth"]), row["precision"], seconds["median"],
                     memory["peak_allocated_bytes"], memory["peak_reserved_bytes"], memory["driver_used_bytes"],
                     mib(memory["planned_peak_bytes"])))
    for row in results.get("torch", []):
        name = " ".join(["PyTorch", row["model"], row["format"], *row["options"]])
        rows.append((row["size"], name, "1", row["precision"], statistics.median(row["seconds"]),
                     row["peak_allocated_bytes"], row["peak_reserved_bytes"], row["driver_used_bytes"], ""))
    if rows:
        rows.sort(key=lambda row: row[0])
        text += "Training steps: median, and memory at its peak in MiB; driver: with the libraries' own.\n\n"
        text += table(["size", "network", "depth", "precision", "ms", "allocated", "reserved", "driver", "planned"],
                      [[size, name, depth, precision, f"{1e3 * seconds:.1f}", mib(allocated), mib(reserved),
                        mib(driver), planned]
                       for size, name, depth, precision, seconds, allocated, reserved, driver, planned in rows])
    for report in results.get("ops", []):
        text += (f"\nOps, {report['precision']}, {report['size']}; a copy moves "
                 f"{report['copy_bytes_per_second'] / 1e9:.0f} GB/s.\n\n")
        text += table(["op", "pass", "ms", "TFLOP/s", "GB/s", "of copy"],
                      [[m["case"], m["pass"], f"{1e3 * m['seconds']['median']:.3f}",
                        f"{m['flops_per_second'] / 1e12:.1f}", f"{m['bytes_per_second'] / 1e9:.0f}",
                        f"{100 * m['share_of_copy']:.0f} %"] for m in report["measurements"]])
    for row in results.get("steps", []):
        text += f"\nOps of a step, {row['model']}, depth {row['depth']}, {row['precision']}, {row['size']}.\n\n"
        text += table(["op", "calls", "ms"], [[op["op"], str(op["calls"]), f"{op['milliseconds']:.3f}"]
                                              for op in row["op_times"][0]])
    if results["failures"]:
        text += "\nFailed or left out:\n\n" + "".join(f"- {failure}\n" for failure in results["failures"])
    return text


def main():
    arguments = parse_arguments()
    bench = Bench(arguments)
    if not os.access(bench.program("bench-step"), os.X_OK):
        sys.exit(f"bench_gpu: error: no program at {bench.program('bench-step')}; build the project, or name --build")
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    results = {"date": date, "command": " ".join(["bench_gpu.py", *sys.argv[1:]])}
    with tempfile.TemporaryDirectory() as folder:
        plan_cache = os.path.join(folder, "plans.json")
        stages = {"tests": lambda: run_tests(bench), "sanitizer": lambda: run_sanitizer(bench),
                  "steps": lambda: run_steps(bench, plan_cache), "torch": lambda: run_torch(bench),
                  "ops": lambda: run_ops(bench, plan_cache)}
        for stage in arguments.stages:
            results[stage] = stages[stage]()
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
