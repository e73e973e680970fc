"""Computes how training scales over processes, from a step's time, its gradients and links. It measures nothing.

    python3 bench/distributed/scaling_model.py --step 0.1 --link NVLink 450e9 3e-6 --link "InfiniBand NDR" 50e9 5e-6

A step of N processes takes the computing of each one's share of the samples, and the part of the gradients' sum that
backward does not hide. Buckets are summed one after the other. The last one begins when backward has ended, so it is never
hidden.

    ring (NCCL)     2 (N - 1) (B / N / bandwidth + latency)               for a bucket of B bytes
    chain (MPI)     2 (B / bandwidth + (N - 1) (chunk / bandwidth + latency))   it goes up and down in chunks

What varies between processes, such as the reading of samples, is left out.
"""
import argparse

BUCKET = 4 * 2**20  # bytes, as in models/gradient_sum.h
CHUNK = 256 * 2**10  # bytes, as in engine/distributed/mpi.cpp
BACKWARD = 0.73  # share of a reversible step: bench/results/2026-11-23-epyc-zen5-2-cores-step.json, 64x64x64


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--step", type=float, required=True, help="seconds that one process takes for one sample")
    parser.add_argument("--samples", type=int, default=32, help="samples of a step that does not grow with the processes")
    parser.add_argument("--gradients", type=float, default=4 * 12365283, help="bytes; by default the full-size network's")
    parser.add_argument("--link", nargs=3, action="append", required=True, metavar=("NAME", "BYTES/S", "SECONDS"),
                        help="the slowest link: its name, bandwidth each way, and latency")
    parser.add_argument("--way", choices=("ring", "chain"), default="ring", help="how gradients are summed")
    parser.add_argument("--most", type=int, default=1024, help="processes")
    return parser.parse_args()


def sum_seconds(way, processes, size, bandwidth, latency):
    if way == "ring":
        return 2 * (processes - 1) * (size / processes / bandwidth + latency)
    return 2 * (size / bandwidth + (processes - 1) * (min(size, CHUNK) / bandwidth + latency))


def step_seconds(processes, samples, a, bandwidth, latency):
    computing = -(-samples // processes) * a.step
    if processes == 1:
        return computing
    buckets = max(1, round(a.gradients / BUCKET))
    bucket = sum_seconds(a.way, processes, a.gradients / buckets, bandwidth, latency)
    hidden = BACKWARD * a.step  # of the last sample, with which gradients become complete
    return computing + max(bucket, buckets * bucket - hidden)


def efficiency(processes, samples, a, link):
    """Returns the rate of samples as a share of that of as many processes that need not talk."""
    seconds = step_seconds(processes, samples, a, float(link[1]), float(link[2]))
    return samples * a.step / processes / seconds


def main():
    a = parse_arguments()
    names = [link[0] for link in a.link]
    heads = [f"a sample each, {name}" for name in names] + [f"{a.samples} samples, {name}" for name in names]
    print("| processes | " + " | ".join(heads) + " |")
    print("|---" * (1 + len(heads)) + "|")
    processes = 1
    while processes <= a.most:
        weak = [f"{efficiency(processes, processes, a, link):.0%}" for link in a.link]
        strong = [f"{efficiency(processes, a.samples, a, link):.0%}" for link in a.link]
        print(f"| {processes} | " + " | ".join(weak + strong) + " |")
        processes *= 2


if __name__ == "__main__":
    main()
