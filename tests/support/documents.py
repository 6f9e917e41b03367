"""What documents tell people to type: their blocks, cut into statements, and a shell to try them in."""

import os
import re
import subprocess

from keyfold_server import BIN


def fenced(text):
    """The language of each block, and what stands in it."""
    return re.findall(r"^```(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE)


def blocks(text, language):
    return [block for name, block in fenced(text) if name == language]


def statements(block):
    """The block, cut where the shell would run what it has read."""
    read = ""
    for line in block.splitlines(keepends=True):
        read += line
        if subprocess.run(["bash", "-n", "-c", read], capture_output=True, check=False).returncode == 0:
            yield read.rstrip("\n")
            read = ""
    if read:
        raise AssertionError(f"the shell cannot read: {read}")


class Shell:
    """A shell that is given one statement after another."""

    def __init__(self, folder, **more):
        environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8", "no_proxy": "127.0.0.1", **more}
        self.process = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        cwd=folder, env=environment, encoding="utf-8", errors="replace")

    def run(self, statement):
        """The status, and what it said."""
        mark = "---keyfold-statement-ended"
        self.process.stdin.write(f"{{ {statement}\n}} </dev/null\nprintf '\\n%s %d\\n' {mark} $?\n")
        self.process.stdin.flush()
        said = ""
        for line in self.process.stdout:
            if line.startswith(mark):
                return int(line.split()[1]), said[:-1]
            said += line
        raise AssertionError(f"the shell ended at {statement}: {said}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
