#!/usr/bin/env python3
"""Compares the baseline and the reversible network at two depths, each trained for the same time on the same 40 phantoms.

Writes NAME.json, and NAME.svg with validation Dice by time, after the name that --out gives: scores of held-out cases
(Dice and HD95 of each region), peak memory, time per epoch. Needs the tools built in build/release, and matplotlib.
Exit codes: 0 done, 1 a tool failed.
"""
import argparse
import json
import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))
from curves import draw_curves  # noqa: E402
from experiment import parameters_in, read_log, record, run_tool, scores_of  # noqa: E402
from result_file import write_json  # noqa: E402

IMAGE, FIELD_OF_VIEW = "88,88,56", "56,68,48"  # voxels: of the files, and of what is trained on
# As in the paper, the baseline has half the channels at the finest level and about as many parameters.
NETWORKS = {
    "baseline": "--model baseline --channels 16,48,80",
    "reversible 1/1": "--model reversible --channels 32,64,96",
    "reversible 3/1": "--model reversible --channels 32,64,96 --encoder-depth 3",
}


def train(name, options, folder, seconds, threads):
    out = os.path.join(folder, name.replace(" ", "-").replace("/", "-"))
    output = run_tool("revunet-train", "--data", f"{folder}/training", "--out", out, *options.split(), "--size",
                      FIELD_OF_VIEW, "--val-fraction", 0.2, "--seed", 1, "--lr", "5e-4", "--epochs", 10000, "--threads",
                      threads, limit=seconds)
    run_tool("revunet-predict", "--weights", f"{out}/best.safetensors", "--data", f"{folder}/held-out", "--out",
             f"{out}/predictions", "--threads", threads)
    return {"network": name, "options": options, "parameters": parameters_in(output), **read_log(out),
            "held_out": scores_of(f"{out}/predictions", f"{folder}/held-out")}


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
        for part, cases, seed in (("training", arguments.cases, 1), ("held-out", arguments.held_out, 2)):
            run_tool("revunet-phantom", "--out", f"{folder}/{part}", "--cases", cases, "--size", IMAGE, "--seed", seed)
        results = []
        for name, options in NETWORKS.items():
            print(f"{name}: {arguments.minutes} minutes", flush=True)
            results.append(train(name, options, folder, seconds, arguments.threads))
            print(json.dumps({k: v for k, v in results[-1].items() if k != "validation"}, indent=2), flush=True)
    write_json(arguments.out + ".json", record("python3 bench/phantom/compare_networks.py", arguments, results))
    curves = [(result["network"], {"color": colour}, [[row[0], sum(row[1:]) / 3] for row in result["validation"]])
              for result, colour in zip(results, ("tab:grey", "tab:blue", "tab:red"))]
    draw_curves(arguments.out + ".svg", {"mean validation Dice of WT, TC, ET": curves})


if __name__ == "__main__":
    main()
