"""Writes files of results, whole and without the names of temporary files."""
import json
import os


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


def without_temporary_files(report, folder):
    """Returns a program's report, its command line without the options that name files in a temporary folder."""
    kept = []
    for word in report["command"].split(" "):
        if not word.startswith(folder):
            kept.append(word)
        elif kept[-1].startswith("--"):
            kept.pop()
    return {**report, "command": " ".join(kept)}
