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
            mib(memory["peak_allocated_bytes"]), mib(memory["peak_reserved_bytes"]), mib(memory["driver_used_bytes"]),
            mib(memory["planned_peak_bytes"])]


def torch_step(row):
    name = " ".join(["PyTorch", row["model"], row["format"], *row["options"]])
    return [by_x(row["size"]), name, "1", row["precision"], f"{1e3 * statistics.median(row['seconds']):.1f}",
            mib(row["peak_allocated_bytes"]), mib(row["peak_reserved_bytes"]), mib(row["driver_used_bytes"]), ""]


def steps(results):
    rows = [own_step(row) for row in results.get("steps", [])] + [torch_step(row) for row in results.get("torch", [])]
    if not rows:
        return ""
    return ("Training steps: median, and memory at its peak in MiB; driver: with the libraries' own. "
            "fp32 multiplies in TF32.\n\n" +
            table(["size", "network", "depth", "precision", "ms", "allocated", "reserved", "driver", "planned"],
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
    return (f"\nOps of a step, {row['model']}, depth {row['depth']}, {row['precision']}, {by_x(row['size'])}.\n\n" +
            table(["op", "calls", "ms"],
                  [[op["op"], str(op["calls"]), f"{op['milliseconds']:.3f}"] for op in row["op_times"][0]]))


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
    if results["failures"]:
        text += "\nFailed or left out:\n\n" + "".join(map(failed, results["failures"]))
    return text
