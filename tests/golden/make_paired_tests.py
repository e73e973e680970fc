"""Writes paired_tests.json: Wilcoxon's signed-rank test of differences by scipy.stats.wilcoxon, and intervals of their mean by
scipy.stats.bootstrap. Needs numpy and scipy 1.17:

    pip install numpy scipy && python3 tests/golden/make_paired_tests.py
"""
import json
import pathlib

import numpy as np
from scipy import stats


def differences():
    rng = np.random.default_rng(3)
    yield "one", [0.25]
    yield "two of other signs", [0.5, -0.125]
    for n in (5, 8, 20, 50, 51, 120):
        yield f"{n} without ties", list(rng.normal(0.2, 1, n))
    for n in (4, 13, 14, 30, 50, 80):
        yield f"{n} with ties", list(np.round(rng.normal(0.3, 1, n), 1) + 2.0 ** -20)  # no zeros
    for n in (6, 13, 14, 60):
        yield f"{n} with zeros", list(np.where(np.arange(n) % 3 == 0, 0, rng.normal(0.3, 1, n)))
    yield "10 with zeros and ties", [0, 0, 1, 1, -1, 2, 2, 3, -3, 4]
    yield "4 zeros", [0, 0, 0, 0]
    yield "all of one sign", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1]


def row(name, values):
    values = [float(v) for v in values]
    test = stats.wilcoxon(values)
    return {"name": name, "differences": values, "statistic": float(test.statistic), "p": float(test.pvalue)}


def interval(name, values, confidence):
    values = np.array(values, float)
    got = stats.bootstrap((values,), np.mean, n_resamples=1_000_000, batch=10_000, method="percentile",
                          confidence_level=confidence / 100, rng=np.random.default_rng(5)).confidence_interval
    return {"name": name, "differences": list(values), "confidence": confidence, "low": float(got.low), "high": float(got.high),
            "error_of_mean": float(stats.sem(values))}


def main():
    rows = [row(*pair) for pair in differences()]
    sets = dict(differences())
    intervals = [interval(name, sets[name], confidence) for name, confidence in
                 (("8 without ties", 95), ("20 without ties", 95), ("20 without ties", 80), ("60 with zeros", 99))]
    path = pathlib.Path(__file__).with_name("paired_tests.json")
    lines = [",\n ".join(json.dumps(r) for r in some) for some in (rows, intervals)]
    path.write_text('{"wilcoxon": [\n %s\n], "bootstrap": [\n %s\n]}\n' % tuple(lines))


if __name__ == "__main__":
    main()
