"""Writes the results of bench_gpu.py as Markdown."""
import statistics


def table(header, rows):
    lines = ["| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows]]
    return "\n".join(lines) + "\n"


def mib(count):
    return f"{count / 2**20:.0f}"


def by_x(size):
    """Turns 160,192,160, which the programs take, into 160x192x160."""
    return size.replace(",", "x")


def own_step(row):
    variant = row["variants"][0]
    memory = variant["memory"]
    name = row["model"] + ("" if row["deterministic"] else ", not deterministic")
    return [by_x(row["size"]), name, str(row["depth"]), row["precision"], f"{1e3 * variant['seconds']['median']:.1f}",
            f"{1e3 * variant['seconds_with_input']['median']:.1f}", mib(memory["peak_allocated_bytes"]), mib(memory["peak_reserved_bytes"]), mib(memory["driver_used_bytes"]),
            mib(memory["planned_peak_bytes"])]


def torch_step(row):
    name = " ".join(["PyTorch", row["model"], row["format"], *row["options"]])
    return [by_x(row["size"]), name, "1", row["precision"], f"{1e3 * statistics.median(row['seconds']):.1f}", "",
            mib(row["peak_allocated_bytes"]), mib(row["peak_reserved_bytes"]), mib(row["driver_used_bytes"]), ""]


def steps(results):
    rows = [own_step(row) for row in results.get("steps", [])] + [torch_step(row) for row in results.get("torch", [])]
    if not rows:
        return ""
    return ("Training steps: median, and memory at its peak in MiB; driver: with the libraries' own. "
            "fp32 multiplies in TF32.\n\n" +
            table(["size", "network", "depth", "precision", "ms", "with input", "allocated", "reserved", "driver", "planned"],
                  sorted(rows, key=lambda row: row[0])))


def ops(report):
    return (f"\nOps, {report['precision']}, {by_x(report['size'])}; a copy moves "
            f"{report['copy_bytes_per_second'] / 1e9:.0f} GB/s.\n\n" +
            table(["op", "pass", "ms", "TFLOP/s", "GB/s", "of copy"],
                  [[m["case"], m["pass"], f"{1e3 * m['seconds']['median']:.3f}", f"{m['flops_per_second'] / 1e12:.1f}",
                    f"{m['bytes_per_second'] / 1e9:.0f}", f"{100 * m['share_of_copy']:.0f} %"]
                   for m in report["measurements"]]))


def ops_of_step(row):
    if not row["deterministic"]:
        return ""
    text = f"\nOps of a step, {row['model']}, depth {row['depth']}, {row['precision']}, {by_x(row['size'])}.\n"
    for what in ("op", "layer"):
        text += "\n" + table([what, "calls", "ms"],
                             [[time["name"], str(time["calls"]), f"{time['milliseconds']:.3f}"]
                              for time in row["op_times"][0][f"by_{what}"]])
    return text


def plans(report):
    """Lists the algorithms of each convolution, the fastest first; * is what a step runs."""
    text = f"\nAlgorithms of convolutions, {report['precision']}, {by_x(report['size'])}; * is what a step runs.\n"
    for convolution in report["convolutions"]:
        ran = sorted((a for a in convolution["algorithms"] if a["milliseconds"]), key=lambda a: a["milliseconds"])
        text += f"\n{convolution['convolution']}: {convolution['flops'] / 1e9:.1f} GFLOP\n\n" + table(
            ["algorithm", "ms", "TFLOP/s", "error", "MiB", "deterministic"],
            [[("* " if a["chosen"] else "") + a["algorithm"], f"{a['milliseconds']:.3f}",
              f"{convolution['flops'] / a['milliseconds'] / 1e9:.1f}", f"{a['error']:.1e}",
              mib(a["workspace_bytes"]), "yes" if a["deterministic"] else "no"] for a in ran])
    return text


def train(results):
    rows = results.get("train", [])
    if not rows:
        return ""
    text = "\nSteps of revunet-train with their input.\n\n" + table(
        ["size", "precision", "ms", "of which waiting for data"],
        [[by_x(row["size"]), row["precision"], f"{1e3 * row['seconds'] / row['steps']:.1f}",
          f"{1e3 * row['waiting'] / row['steps']:.1f}"] for row in rows])
    return text + "".join(f"\n- {row['precision']}: {line}" for row in rows for line in row["memory"]) + "\n"


def failed(text):
    """Returns a point of a list, with the program's message as a separate block."""
    reason, *lines = text.splitlines()
    return f"- {reason}\n" + ("\n" + "".join(f"      {line}\n" for line in lines) + "\n" if lines else "")


def markdown(results):
    text = f"# {results['device']}\n\n{results['date']}, `{results['command']}`\n\n"
    if results.get("tests"):
        text += f"GPU tests: {results['tests']}\n\n"
    for tool, outcome in results.get("sanitizer", {}).items():
        text += f"compute-sanitizer {tool}: {outcome or 'failed'}\n\n"
    text += steps(results)
    text += "".join(ops(report) for report in results.get("ops", []))
    text += "".join(ops_of_step(row) for row in results.get("steps", []))
    text += train(results) + "".join(plans(report) for report in results.get("plans", []))
    if results["failures"]:
        text += "\nFailed or left out:\n\n" + "".join(map(failed, results["failures"]))
    return text
