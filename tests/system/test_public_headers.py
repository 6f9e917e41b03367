"""What is installed for C++ users: keyfold.h and what it includes, and nothing else."""

import pathlib
import re
import subprocess
import tempfile
import unittest

from keyfold_server import BIN


class PublicHeaders(unittest.TestCase):
    def test_are_those_that_keyfold_h_includes(self):
        with tempfile.TemporaryDirectory(prefix="keyfold-headers-") as folder:
            subprocess.run(["cmake", "--install", BIN.parent, "--prefix", folder, "--component", "Development"], check=True,
                           capture_output=True)
            include = pathlib.Path(folder) / "include"
            installed = {str(path.relative_to(include)) for path in include.rglob("*.h")}
            needed, left = set(), ["keyfold/keyfold.h"]
            while left:
                header = left.pop()
                if header not in needed:
                    needed.add(header)
                    left += re.findall(r'#include "(keyfold/[^"]+)"', (include / header).read_text())
            self.assertEqual(installed, needed)


if __name__ == "__main__":
    unittest.main()
