#!/usr/bin/env python3
"""Trains revunet-train and nnU-Net for the same time on the same cases, one after the other, and scores both by time.

    python bench/real_data/compare_nnunet.py --data Task04_Hippocampus --folder WORK --out bench/results/NAME

The Python that runs this needs nnunetv2. A fifth of the cases is held out: neither sees them, and they alone are scored.
Both train on the same of the other cases, with their defaults. Only lengths are set: revunet-train gets as many epochs as
fit into the time, and nnU-Net short epochs (nnunet_trainer/), so that the learning rate of both falls to its end. Writes
NAME.json, and NAME.svg with Dice and memory by time.
"""
import argparse
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from curves import draw_curves  # noqa: E402
from experiment import BIN, Steps, make_split, read_log, record, run_tool, scores_of  # noqa: E402
from held_out import link_cases  # noqa: E402
from nnunet import NnUnet  # noqa: E402
from process_memory import run_with_memory  # noqa: E402
from result_file import write_json  # noqa: E402

DATASET = "Dataset004_Compared"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, type=pathlib.Path, help="dataset of the Decathlon, of one channel")
    parser.add_argument("--folder", required=True, type=pathlib.Path, help="for everything that both write")
    parser.add_argument("--out", required=True, help="files of results, without .json and .svg")
    parser.add_argument("--minutes", type=float, default=60, help="of training, for each of the two")
    parser.add_argument("--minutes-between-weights", type=float, default=10, help="between weights that are scored")
    parser.add_argument("--epochs", type=int, help="of revunet-train; without it, an epoch is timed first")
    parser.add_argument("--nnunet-epochs", type=int, help="of nnU-Net, 25 steps each; without it, one is timed first")
    return parser.parse_args()


class Revunet:
    def __init__(self, folder, dataset, seconds_between_weights):
        self.folder, self.dataset, self.seconds_between_weights = folder, dataset, seconds_between_weights
        self.timed, self.run = folder / "timed-epoch", folder / "revunet"
        self.split = make_split(dataset, self.timed, "--epochs", 1)

    def seconds_per_epoch(self):
        return read_log(self.timed)["seconds"]

    def split_for_nnunet(self):
        split = json.loads(self.split.read_text())
        return json.dumps([{"train": split["training"], "val": split["validation"]}])

    def train(self, epochs):
        """Returns (seconds, memory by time, {seconds: weights})."""
        weights, last = self.folder / "revunet-weights", self.run / "last.safetensors"
        for folder in (weights, self.run):
            shutil.rmtree(folder, ignore_errors=True)
        weights.mkdir()
        due = [self.seconds_between_weights]

        def keep(seconds):
            if seconds >= due[0] and last.exists():
                shutil.copy(last, weights / f"{seconds:.0f}.safetensors")
                due[0] += self.seconds_between_weights

        command = [BIN / "revunet-train", "--data", self.dataset, "--out", self.run, "--epochs", epochs, "--split",
                   self.split]
        seconds, memory = run_with_memory([str(word) for word in command], self.folder / "revunet.log", on_sample=keep)
        shutil.copy(last, weights / f"{seconds:.0f}.safetensors")
        return seconds, memory, {int(path.stem): str(path) for path in weights.iterdir()}

    def predict(self, weights, images, out):
        run_tool("revunet-predict", "--weights", weights, "--data", images, "--out", out)


class Comparison:
    def __init__(self, arguments):
        self.seconds = arguments.minutes * 60
        self.steps = Steps(arguments.folder, arguments)
        folder = self.steps.folder
        self.dataset = folder / "raw" / DATASET
        link_cases(arguments.data, self.dataset)
        between = arguments.minutes_between_weights * 60
        self.engines = {"nnunet": NnUnet(folder, DATASET, between), "revunet": Revunet(folder, self.dataset, between)}
        self.epochs = {"nnunet": arguments.nnunet_epochs, "revunet": arguments.epochs}
        self.engines["nnunet"].prepare(self.engines["revunet"].split_for_nnunet())

    def train(self, name):
        def make():
            epochs = self.epochs[name] or max(1, int(self.seconds / self.engines[name].seconds_per_epoch()))
            return self.engines[name].train(epochs)

        return self.steps.once(f"{name}-training", make)

    def score(self, name, seconds, weights):
        def make():
            out = self.steps.folder / "predictions" / f"{name}-{seconds}"
            shutil.rmtree(out, ignore_errors=True)
            out.parent.mkdir(exist_ok=True)
            self.engines[name].predict(weights, self.dataset / "imagesTs", out)
            return scores_of(out, self.dataset / "labelsTs")

        return self.steps.once(f"{name}-scores-{seconds}", make)

    def result(self, name):
        seconds, memory, weights = self.train(name)
        return {"engine": name, "seconds": seconds,
                "scores": [{"seconds": int(at), **self.score(name, at, weights[at])} for at in sorted(weights, key=int)],
                "memory_bytes": max(sample[1] for sample in memory), "memory_columns": ["seconds", "bytes"],
                "memory": memory}


def panels_of(results):
    """Returns what the figure shows: the Dice of each label, and the memory of all processes."""
    dice, memory = [], []
    labels = [name for name in results[0]["scores"][0] if name != "seconds"]
    for result, colour in zip(results, ("tab:grey", "tab:red")):
        for label, line in zip(labels, ("-", "--", ":")):
            points = [[scores["seconds"], scores[label]["dice"]] for scores in result["scores"]]
            dice.append((f"{result['engine']}, {label}", {"color": colour, "linestyle": line, "marker": "."}, points))
        memory.append((result["engine"], {"color": colour}, [[at, used / 2**20] for at, used in result["memory"]]))
    return {"mean Dice of the held-out cases": dice, "memory of all processes, MiB": memory}


def main():
    arguments = parse_arguments()
    comparison = Comparison(arguments)
    for name in comparison.engines:
        comparison.train(name)  # nothing else runs between the two
    results = [comparison.result(name) for name in comparison.engines]
    write_json(arguments.out + ".json", record("python bench/real_data/compare_nnunet.py", arguments, results))
    draw_curves(arguments.out + ".svg", panels_of(results))
    print(json.dumps([{k: v for k, v in r.items() if k != "memory"} for r in results], indent=2))


if __name__ == "__main__":
    main()
