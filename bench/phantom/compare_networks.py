#!/usr/bin/env python3
"""Compares the baseline and the reversible network at two depths, each trained for the same time on the same 40 phantoms.

Writes NAME.json, and NAME.svg with validation Dice by time, after the name that --out gives: scores of held-out cases
(Dice and HD95 of each region), peak memory, time per epoch. Needs the tools built in build/release and nothing else.
Exit codes: 0 done, 1 a tool failed.
"""
import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))
from result_file import write_json, write_text  # noqa: E402

IMAGE, FIELD_OF_VIEW = "88,88,56", "56,68,48"  # voxels: of the files, and of what is trained on
# As in the paper, the baseline has half the channels at the finest level and about as many parameters.
NETWORKS = {
    "baseline": "--model baseline --channels 16,48,80",
    "reversible 1/1": "--model reversible --channels 32,64,96",
    "reversible 3/1": "--model reversible --channels 32,64,96 --encoder-depth 3",
}
REGIONS = ("wt", "tc", "et")
INTERRUPTED = 4  # the exit code of a run that SIGTERM ended


def run(tool, arguments, limit=None):
    """Runs a tool. With a limit in seconds, ends it after that time by SIGTERM. Returns what it printed."""
    command = [os.path.join(ROOT, "build/release/bin", tool)] + arguments.split()
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


def train(name, options, folder, seconds, threads):
    out = os.path.join(folder, name.replace(" ", "-").replace("/", "-"))
    output = run("revunet-train",
                 f"--data {folder}/training --out {out} {options} --size {FIELD_OF_VIEW} --val-fraction 0.2 --seed 1 "
                 f"--lr 5e-4 --epochs 10000 --threads {threads}", seconds)
    run("revunet-predict", f"--weights {out}/best.safetensors --data {folder}/held-out --out {out}/predictions "
                           f"--threads {threads}")
    run("revunet-evaluate", f"--reference {folder}/held-out --prediction {out}/predictions --json {out}/scores.json")
    with open(f"{out}/log.csv") as file:
        rows = list(csv.DictReader(file))
    with open(f"{out}/scores.json") as file:
        scores = json.load(file)
    seconds_of = [float(r["training_seconds"]) for r in rows]
    elapsed, curve = 0.0, []
    for r in rows:
        elapsed += float(r["training_seconds"]) + float(r["validation_seconds"])
        curve.append([round(elapsed, 2)] + [float(r[f"dice_{region}"]) for region in REGIONS])
    return {
        "network": name, "options": options, "parameters": int(output.split(" parameters")[0].split()[-1]),
        "epochs": len(rows), "seconds_an_epoch": sorted(seconds_of)[len(seconds_of) // 2],
        "peak_allocated_bytes": max(int(r["peak_allocated_bytes"]) for r in rows),
        "held_out": scores["mean"],
        "validation_columns": ["seconds"] + [f"dice_{region}" for region in REGIONS], "validation": curve,
    }


def plot(results, seconds):
    """Draws the mean validation Dice of the three regions by time, as SVG."""
    width, height, left, bottom = 720, 360, 60, 44
    colours = ("#7f7f7f", "#1f77b4", "#d62728")

    def place(t, dice):
        return f"{left + t / seconds * (width - left - 150):.1f},{height - bottom - dice * (height - bottom - 20):.1f}"

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
             f'font-size="13"><rect width="100%" height="100%" fill="white"/>']
    for tenth in range(0, 11, 2):
        at = place(0, tenth / 10).split(",")[1]
        lines.append(f'<line x1="{left}" x2="{width - 150}" y1="{at}" y2="{at}" stroke="#ddd"/>'
                     f'<text x="{left - 8}" y="{float(at) + 4}" text-anchor="end">{tenth / 10:.1f}</text>')
    for part in range(5):
        t = seconds * part / 4
        x = place(t, 0).split(",")[0]
        lines.append(f'<text x="{x}" y="{height - bottom + 18}" text-anchor="middle">{t / 60:.1f}</text>')
    lines.append(f'<text x="{(left + width - 150) / 2}" y="{height - 8}" text-anchor="middle">minutes of training and '
                 f'validation</text><text x="{left}" y="14">mean validation Dice of WT, TC, ET</text>')
    for i, result in enumerate(results):
        points = " ".join(place(p[0], sum(p[1:]) / 3) for p in result["validation"] if p[0] <= seconds)
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colours[i]}" stroke-width="2"/>'
                     f'<text x="{width - 142}" y="{40 + 20 * i}" fill="{colours[i]}">{result["network"]}</text>')
    return "\n".join(lines) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="of training, validation included, a network")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--held-out", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", required=True, help="files to write, without .json and .svg")
    arguments = parser.parse_args()
    seconds = arguments.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        run("revunet-phantom", f"--out {folder}/training --cases {arguments.cases} --size {IMAGE} --seed 1")
        run("revunet-phantom", f"--out {folder}/held-out --cases {arguments.held_out} --size {IMAGE} --seed 2")
        results = []
        for name, options in NETWORKS.items():
            print(f"{name}: {arguments.minutes} minutes", flush=True)
            results.append(train(name, options, folder, seconds, arguments.threads))
            print(json.dumps({k: v for k, v in results[-1].items() if k != "validation"}, indent=2), flush=True)
    with open("/proc/cpuinfo") as file:
        processor = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    command = f"python3 bench/phantom/compare_networks.py --minutes {arguments.minutes:g} --cases {arguments.cases} " \
              f"--held-out {arguments.held_out} --threads {arguments.threads}"
    write_json(arguments.out + ".json", {"command": command, "date": datetime.date.today().isoformat(),
                                         "processor": processor, "minutes": arguments.minutes, "results": results})
    write_text(arguments.out + ".svg", plot(results, seconds))


if __name__ == "__main__":
    main()
