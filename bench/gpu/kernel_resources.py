#!/usr/bin/env python3
"""Prints what the compiler gave every kernel: registers, spills, stack, shared memory, and how many blocks an SM holds.

    python3 bench/gpu/kernel_resources.py --build build/release --json after.json --before before.json

It compiles the .cu files of kernels/ again, with the flags of the build, and needs no GPU. Occupancy is theoretical: it
follows from these numbers, a block's threads (the kernel's __launch_bounds__) and the limits of an SM.
"""
import argparse
import collections
import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from result_file import write_json

# "Technical specifications per compute capability", CUDA C++ Programming Guide. All have 65536 registers.
Limits = collections.namedtuple("Limits", "warps blocks shared")
LIMITS = {
    75: Limits(32, 16, 64 << 10), 80: Limits(64, 32, 164 << 10), 86: Limits(48, 16, 100 << 10),
    89: Limits(48, 24, 100 << 10), 90: Limits(64, 32, 228 << 10), 120: Limits(48, 24, 100 << 10)}
RESERVED_SHARED = 1 << 10  # bytes of each block, from sm_80 on


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=ROOT / "build/release", help="folder of a build with CUDA")
    parser.add_argument("--architectures", help="a list like '80;90'; by default 80, 90 and those of the build")
    parser.add_argument("--json", help="write the numbers to this file too")
    parser.add_argument("--before", help="a file of --json: print only kernels that differ from it, with both numbers")
    return parser.parse_args()


def read_commands(build):
    """Returns (file, compiler and flags, architectures) for each file with kernels."""
    with open(build / "compile_commands.json") as file:
        entries = json.load(file)
    result = []
    for entry in entries:
        source = pathlib.Path(entry["file"])
        if source.suffix != ".cu" or ROOT / "kernels" not in source.parents:
            continue
        words = shlex.split(entry["command"])
        flags = [word for word in words[:words.index("-x")] if not word.startswith("--generate-code")]
        built = re.findall(r"code=\[?(?:compute_\d+,)?sm_(\d+)", entry["command"])
        result.append((source, flags, {int(architecture) for architecture in built}))
    return result


def blocks_per_sm(architecture, threads, registers, shared):
    """Returns how many blocks of so many threads an SM holds at once."""
    limits, warps = LIMITS[architecture], -(-threads // 32)
    warp_registers = -(-registers * 32 // 256) * 256
    by_registers = 4 * (65536 // 4 // warp_registers) // warps  # an SM has four parts
    block_shared = shared + (RESERVED_SHARED if architecture >= 80 else 0)
    by_shared = limits.shared // block_shared if block_shared else limits.blocks
    return min(limits.blocks, limits.warps // warps, by_registers, by_shared)


def short_names(mangled):
    """Returns the kernels' names with their template arguments, without namespaces and parameters."""
    text = subprocess.run(["c++filt"], input="\n".join(mangled), text=True, capture_output=True, check=True).stdout
    names = []
    for name in text.splitlines():
        name = re.sub(r"revunet::|cuda::|\(anonymous namespace\)::|^void ", "", name)
        name = name.replace("bfloat16", "bf16").replace("float", "f32").replace(" const", "")
        depth = 0
        for end, letter in enumerate(name):
            depth += {"<": 1, ">": -1}.get(letter, 0)
            if letter == "(" and depth == 0:
                break
        names.append(name[:end])
    return names


def measure(source, flags, architecture):
    """Compiles one file and returns {kernel: {"threads": ..., "registers": ...}}."""
    with tempfile.TemporaryDirectory() as folder:
        ptx = os.path.join(folder, "kernels.ptx")
        subprocess.run([*flags, f"-arch=compute_{architecture}", "-ptx", "-o", ptx, str(source)], check=True)
        log = subprocess.run([os.path.join(os.path.dirname(flags[0]), "ptxas"), "-v", f"-arch=sm_{architecture}", ptx,
                              "-o", os.path.join(folder, "cubin")], text=True, capture_output=True, check=True).stderr
        text = pathlib.Path(ptx).read_text()
    # A kernel's bounds are between the end of its parameters and the beginning of its body.
    threads = {name: int(x) for name, x in re.findall(r"\.entry (\w+)\([^)]*\)\s*\.maxntid (\d+)", text)}
    found = re.findall(r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, "
                       r"(\d+) bytes spill loads.*?Used (\d+) registers([^\n]*)", log, re.DOTALL)
    kernels = {}
    for name, (mangled, stack, stores, loads, registers, rest) in zip(short_names([f[0] for f in found]), found):
        shared = re.search(r"(\d+) bytes smem", rest)
        row = {"threads": threads.get(mangled), "registers": int(registers), "spill_stores": int(stores),
               "spill_loads": int(loads), "stack": int(stack), "shared": int(shared[1]) if shared else 0}
        if row["threads"]:
            row["blocks"] = blocks_per_sm(architecture, row["threads"], row["registers"], row["shared"])
            row["occupancy"] = 100 * row["blocks"] * -(-row["threads"] // 32) // LIMITS[architecture].warps
        kernels[f"{source.stem.removesuffix('_cuda')}: {name}"] = row
    return kernels


def table(architecture, kernels, before):
    """Returns Markdown. With `before` it has the kernels that differ from it, and two numbers are old -> new."""
    columns = {"threads": ["threads"], "registers": ["registers"],
               "spill stores, loads (B)": ["spill_stores", "spill_loads"], "stack (B)": ["stack"],
               "shared (B)": ["shared"], "blocks per SM": ["blocks"], "warps (%)": ["occupancy"]}

    def values(row, keys):
        return ", ".join("?" if row.get(key) is None else str(row[key]) for key in keys)

    lines = [f"### sm_{architecture}", "", f"| kernel | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    for name in sorted(kernels.keys() | before.keys()):
        old, new = before.get(name), kernels.get(name)
        if old == new:
            continue
        state = " (gone)" if not new else " (new)" if before and not old else ""
        cells = []
        for keys in columns.values():
            cell = [values(row, keys) for row in (old, new) if row]
            cells.append(" -> ".join(dict.fromkeys(cell)))
        lines.append(f"| {name}{state} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main():
    arguments = parse_arguments()
    commands = read_commands(pathlib.Path(arguments.build))
    architectures = ([int(a) for a in arguments.architectures.split(";")] if arguments.architectures
                     else sorted({80, 90}.union(*(built for _, _, built in commands))))
    compiler = subprocess.run([commands[0][1][0], "--version"], text=True, capture_output=True, check=True).stdout
    before = {}
    if arguments.before:
        with open(arguments.before) as file:
            before = json.load(file)["kernels"]
    result = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
              "command": shlex.join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]),
              "compiler": compiler.splitlines()[-2], "flags": shlex.join(commands[0][1][1:]).replace(str(ROOT), "."),
              "kernels": {}}
    print(f"{result['date']}, {result['compiler']}, flags {result['flags']}", end="\n\n")
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for architecture in architectures:
            kernels = {}
            for rows in pool.map(lambda c: measure(c[0], c[1], architecture), commands):
                kernels.update(rows)
            result["kernels"][str(architecture)] = kernels
            print(table(architecture, kernels, before.get(str(architecture), {})), end="\n\n")
    if arguments.json:
        write_json(arguments.json, result)


if __name__ == "__main__":
    main()
