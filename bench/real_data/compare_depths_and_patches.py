#!/usr/bin/env python3
"""Repeats the paper's comparison on real data: baseline and reversible networks, depths, and patches, with three seeds.

    python3 bench/real_data/compare_depths_and_patches.py --data Task04_Hippocampus --folder WORK --out bench/results/NAME

All runs have the same training, validation and held-out cases and see the same number of voxels: runs on patches have as
many more epochs as their patches are smaller. They have the defaults of runs on patches: each case keeps its own field of
view, and patches are placed by regions. A seed decides initial weights, order, patches and augmentation. The held-out cases
are scored with the last weights, so nothing is chosen by a score. Writes NAME.json, and NAME.md with a table of means and
standard deviations over the seeds.
"""
import argparse
import pathlib
import shutil
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from experiment import Steps, make_split, parameters_in, read_log, record, run_tool, scores_of  # noqa: E402
from held_out import link_cases  # noqa: E402
from result_file import write_json, write_text  # noqa: E402

FIELD_OF_VIEW, PATCH = (44, 60, 48), (24, 32, 24)  # voxels; the largest case has 43,59,47
EPOCHS_FACTOR_OF_PATCHES = 7  # of the epochs on the whole field of view: 126720 / 18432 = 6.9
# As in the paper, the baseline has half the channels at the finest level and about as many parameters.
BASELINE = "--model baseline --channels 8,32,48"
REVERSIBLE = "--model reversible --channels 16,32,64"
NETWORKS = {  # name: (options, on patches)
    "baseline": (BASELINE, False),
    "reversible, depth 1": (REVERSIBLE, False),
    "reversible, depth 2": (f"{REVERSIBLE} --encoder-depth 2", False),
    "reversible, depth 3": (f"{REVERSIBLE} --encoder-depth 3", False),
    "reversible, depth 4": (f"{REVERSIBLE} --encoder-depth 4", False),
    "baseline, patches": (BASELINE, True),
    "reversible, depth 1, patches": (REVERSIBLE, True),
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, type=pathlib.Path, help="the Decathlon's Task04_Hippocampus")
    parser.add_argument("--folder", required=True, type=pathlib.Path, help="for the runs")
    parser.add_argument("--out", required=True, help="files of results, without .json and .md")
    parser.add_argument("--epochs", type=int, default=20, help="on the whole field of view")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--dice", type=float, default=0.85, help="mean validation Dice to which the time is taken")
    return parser.parse_args()


def comma_separated(size):
    return ",".join(str(length) for length in size)


class Experiment:
    def __init__(self, arguments):
        self.epochs = arguments.epochs
        self.steps = Steps(arguments.folder, arguments, apart=("folder", "out", "seeds", "dice"))
        self.dataset = self.steps.folder / "dataset"
        link_cases(arguments.data, self.dataset)
        self.split = make_split(self.dataset, self.steps.folder / "split", "--max-steps", 1, "--channels", "4,8")

    def options(self, network, seed):
        options, on_patches = NETWORKS[network]
        times = EPOCHS_FACTOR_OF_PATCHES if on_patches else 1
        patch = ["--patch", comma_separated(PATCH), "--validate-by", "patches"] if on_patches else []
        return [*options.split(), "--data", self.dataset, "--split", self.split, "--size",
                comma_separated(FIELD_OF_VIEW), *patch, "--epochs", self.epochs * times, "--validate-every", times,
                "--seed", seed, "--previews", 0]

    def train(self, network, seed, run):
        shutil.rmtree(run, ignore_errors=True)
        output = run_tool("revunet-train", "--out", run, *self.options(network, seed))
        predictions = run / "predictions"
        run_tool("revunet-predict", "--weights", run / "last.safetensors", "--data", self.dataset / "imagesTs", "--out",
                 predictions)
        return {"network": network, "seed": seed, "parameters": parameters_in(output), **read_log(run),
                "held_out": scores_of(predictions, self.dataset / "labelsTs")}

    def result(self, network, seed):
        name = f"{network.replace(', ', '-').replace(' ', '-')}-seed-{seed}"
        return self.steps.once(name, lambda: self.train(network, seed, self.steps.folder / name))


def spread(values, decimals):
    values = list(values)
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.{decimals}f} ± {deviation:.{decimals}f}"


def minutes_to(dice, runs):
    """Returns the minutes until the mean validation Dice reached a value, or how many runs reached it where not all did."""
    minutes = [next((row[0] / 60 for row in run["validation"] if statistics.mean(row[1:]) >= dice), None)
               for run in runs]
    reached = [value for value in minutes if value is not None]
    return spread(minutes, 2) if len(reached) == len(minutes) else f"{len(reached)} of {len(minutes)} runs reach it"


def table(results, dice):
    """Returns a table in Markdown, with a row for each network: means and standard deviations over seeds."""
    labels = list(results[0]["held_out"])
    head = ["network", "parameters", "peak, MiB", "s per pass over the voxels", f"min to Dice {dice:g}"]
    head += [f"Dice {label}" for label in labels] + [f"HD95 {label}, mm" for label in labels]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for network in NETWORKS:
        runs = [result for result in results if result["network"] == network]
        passes = EPOCHS_FACTOR_OF_PATCHES if NETWORKS[network][1] else 1  # as many voxels as an epoch on whole fields
        cells = [network, f"{runs[0]['parameters']}", f"{runs[0]['peak_allocated_bytes'] / 2**20:.1f}",
                 spread((run["seconds_per_epoch"] * passes for run in runs), 1),
                 minutes_to(dice, runs)]
        for score, decimals in (("dice", 4), ("hd95_mm", 3)):
            cells += [spread((run["held_out"][label][score] for run in runs), decimals) for label in labels]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    arguments = parse_arguments()
    experiment = Experiment(arguments)
    results = [experiment.result(network, seed) for seed in range(1, arguments.seeds + 1) for network in NETWORKS]
    write_json(arguments.out + ".json", record("python3 bench/real_data/compare_depths_and_patches.py", arguments, results))
    text = table(results, arguments.dice)
    write_text(arguments.out + ".md", text)
    print(text)


if __name__ == "__main__":
    main()
