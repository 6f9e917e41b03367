"""The tests that need other people's vectors are skipped where these are not, and fail where they are required."""

import os
import subprocess
import tempfile
import unittest

from keyfold_server import BIN

NEED_VECTORS = (("crypto_test", "Wycheproof.*", 9), ("seal_test", "Vectors.*", 2))


class Vectors(unittest.TestCase):
    def run_without(self, program, tests, required):
        with tempfile.TemporaryDirectory(prefix="keyfold-vectors-") as empty:
            return subprocess.run([BIN / program, f"--gtest_filter={tests}"], capture_output=True, text=True, timeout=60, check=False,
                                  env=dict(os.environ, KEYFOLD_VECTORS=empty, KEYFOLD_REQUIRE=required))

    def test_without_them_they_are_skipped_and_say_so(self):
        for program, tests, count in NEED_VECTORS:
            with self.subTest(program):
                done = self.run_without(program, tests, "python,npm,other-vectors")
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertEqual(done.stdout.count("no vectors: set KEYFOLD_VECTORS"), count, done.stdout)

    def test_where_they_are_required_their_absence_is_a_failure(self):
        for program, tests, count in NEED_VECTORS:
            for required in ("vectors", "python,vectors,npm"):
                with self.subTest(program, required=required):
                    done = self.run_without(program, tests, required)
                    self.assertEqual(done.returncode, 1, done.stdout)
                    self.assertEqual(done.stdout.count("and KEYFOLD_REQUIRE has vectors"), count, done.stdout)


if __name__ == "__main__":
    unittest.main()
