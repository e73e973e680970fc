"""Writes files of results, whole and without the names of temporary files."""
import datetime
import json
import os
import statistics
import sys


def write_text(path, text):
    """Writes the file whole or not at all."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_json(path, content):
    write_text(path, json.dumps(content, indent=2) + "\n")


def date_and_command():
    """Returns when this program ran and how it was called, without the folder that it is in."""
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "command": " ".join([os.path.basename(sys.argv[0]), *sys.argv[1:]])}


def summary(values):
    return {"median": statistics.median(values), "minimum": min(values), "maximum": max(values)}


def without_temporary_files(report, folder):
    """Returns a program's report, its command line without the options that name files in a temporary folder."""
    kept = []
    for word in report["command"].split(" "):
        if not word.startswith(folder):
            kept.append(word)
        elif kept[-1].startswith("--"):
            kept.pop()
    return {**report, "command": " ".join(kept)}
