"""Keeps bench-step or bench-predict as a warm process that runs rounds whenever it is asked."""
import json
import os
import subprocess
import sys


class EngineProcess:
    """options are the program's, in addition to those of the rounds. environment is None for this process's own."""

    def __init__(self, program, options, json_path, environment=None):
        self.name, self.json_path = os.path.basename(program), json_path
        command = [str(program), "--device", "cpu", "--rounds-from-stdin", "--json", json_path, *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment)
        self.read("ready")

    def fail(self, what):
        sys.exit(f"{os.path.basename(sys.argv[0])}: error: {self.name} {what}; its message is above")

    def read(self, what):
        line = self.process.stdout.readline()
        if not line:
            self.fail(f"ended before it said {what}")
        return line

    def ask(self, rounds=1):
        self.process.stdin.write("\n" * rounds)
        self.process.stdin.flush()

    def seconds(self):
        """Returns the seconds of the next round that was asked for, a number for each variant."""
        return json.loads(self.read("a round's seconds"))

    def finish(self):
        """Returns what it wrote to its JSON file."""
        self.process.stdin.close()
        if self.process.wait() != 0:
            self.fail("failed")
        with open(self.json_path) as file:
            return json.load(file)
